INSERT INTO "stage"."orders" ("id", "start_time", "end_time", "type", "data", "etl_source", "etl_id", "hash_id")
SELECT "id", "start_time", "end_time", "type", "data", "etl_source", "etl_id", "hash_id"
FROM "shardline_staging"
