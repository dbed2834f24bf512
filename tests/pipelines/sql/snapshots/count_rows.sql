SELECT "etl_source", "start_time"::DATE, "etl_id", COUNT(*), COUNT(DISTINCT "hash_id")
FROM "stage"."orders"
WHERE "start_time" >= TIMESTAMP '2019-03-14 00:00:00.000000'
  AND "start_time" < TIMESTAMP '2019-03-15 00:00:00.000000'
GROUP BY "etl_source", "start_time"::DATE, "etl_id"
