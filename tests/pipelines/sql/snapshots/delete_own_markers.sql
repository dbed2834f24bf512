DELETE FROM "stage"."markers"
WHERE "target_table" = 'stage.orders' AND "source" IN ('kazan', 'o''hara')
    AND "day" >= DATE '2019-03-14' AND "day" <= DATE '2019-03-20'
    AND "etl_id" IN (7, 8)
