SELECT "day", "source", "etl_id", "rows", "checksum"
FROM "stage"."markers"
WHERE "target_table" = 'stage.orders' AND "day" >= DATE '2019-03-14' AND "day" <= DATE '2019-03-14'
