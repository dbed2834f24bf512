SELECT "etl_id", "rows", "checksum", "day"
FROM "stage"."markers"
WHERE "target_table" = 'stage.orders' AND "source" = 'moscow'
    AND "day" = DATE '2019-03-14'
