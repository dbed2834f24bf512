DELETE FROM "stage"."report_views" WHERE "report" = 'city_orders'
