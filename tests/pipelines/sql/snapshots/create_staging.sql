CREATE LOCAL TEMPORARY TABLE "shardline_staging" (
    "id" INTEGER NOT NULL,
    "start_time" TIMESTAMP NOT NULL,
    "end_time" TIMESTAMP,
    "type" INTEGER NOT NULL,
    "data" UUID NOT NULL,
    "etl_source" VARCHAR(384) NOT NULL,
    "etl_id" INTEGER NOT NULL,
    "hash_id" INTEGER NOT NULL
)
ON COMMIT DELETE ROWS
