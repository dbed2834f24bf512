SELECT "etl_id", "fingerprint", "missing", "rows"
FROM "stage"."report_markers"
WHERE "report" = 'city_orders' AND "day" = DATE '2019-03-14'
