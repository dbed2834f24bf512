COPY "stage"."orders" ("id", "start_time", "end_time", "type", "data", "etl_source", "etl_id", "hash_id")
FROM STDIN NATIVE ENFORCELENGTH ABORT ON ERROR NO COMMIT
