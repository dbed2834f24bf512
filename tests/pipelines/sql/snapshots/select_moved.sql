SELECT "etl_source", "id", MIN("start_time"::DATE), MAX("start_time"::DATE)
FROM "stage"."orders"
WHERE "start_time" >= TIMESTAMP '2019-03-14 00:00:00.000000'
  AND "start_time" < TIMESTAMP '2019-03-15 00:00:00.000000'
GROUP BY "etl_source", "id", "hash_id"
HAVING MIN("start_time"::DATE) <> MAX("start_time"::DATE)
ORDER BY "etl_source", "id"
