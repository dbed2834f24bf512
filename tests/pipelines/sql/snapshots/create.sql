CREATE SCHEMA IF NOT EXISTS "stage";
CREATE TABLE IF NOT EXISTS "stage"."orders" (
    "id" INTEGER NOT NULL,
    "start_time" TIMESTAMP NOT NULL,
    "end_time" TIMESTAMP,
    "type" INTEGER NOT NULL,
    "data" UUID NOT NULL,
    "etl_source" VARCHAR(384) NOT NULL,
    "etl_id" INTEGER NOT NULL,
    "hash_id" INTEGER NOT NULL
)
ORDER BY "start_time", "etl_source", "id"
SEGMENTED BY HASH("hash_id") ALL NODES
PARTITION BY "start_time"::DATE
GROUP BY CALENDAR_HIERARCHY_DAY("start_time"::DATE, 2, 2);
CREATE TABLE IF NOT EXISTS "stage"."markers" (
    "target_table" VARCHAR(769) NOT NULL,
    "source" VARCHAR(384) NOT NULL,
    "day" DATE NOT NULL,
    "etl_id" INTEGER NOT NULL,
    "rows" INTEGER NOT NULL,
    "checksum" INTEGER NOT NULL,
    CONSTRAINT "markers_key" PRIMARY KEY ("target_table", "source", "day") ENABLED
)
