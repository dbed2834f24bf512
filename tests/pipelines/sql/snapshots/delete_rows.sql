DELETE FROM "stage"."orders"
WHERE "etl_source" IN ('kazan', 'o''hara')
    AND "start_time" >= TIMESTAMP '2019-03-14 00:00:00.000000'
    AND "start_time" < TIMESTAMP '2019-03-21 00:00:00.000000'
