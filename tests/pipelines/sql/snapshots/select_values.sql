SELECT "id", "start_time", "end_time", "type", "data"
FROM "stage"."orders"
WHERE "etl_source" = 'o''hara'
  AND "start_time" >= TIMESTAMP '2019-03-14 00:00:00.000000'
  AND "start_time" < TIMESTAMP '2019-03-15 00:00:00.000000'
ORDER BY "id"
