INSERT INTO "stage"."report_markers" ("report", "day", "etl_id", "fingerprint", "missing", "rows")
VALUES ('city_orders', DATE '2019-03-14', 1, 'abababababababababababababababababababababababababababababababab', 2, 3)
