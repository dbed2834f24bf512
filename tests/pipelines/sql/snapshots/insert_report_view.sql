INSERT INTO "stage"."report_views" ("report", "digest") VALUES ('city_orders', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd')
