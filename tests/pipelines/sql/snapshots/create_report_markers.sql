CREATE TABLE IF NOT EXISTS "stage"."report_markers" (
    "report" VARCHAR(769) NOT NULL,
    "day" DATE NOT NULL,
    "etl_id" INTEGER NOT NULL,
    "fingerprint" VARCHAR(64) NOT NULL,
    "missing" INTEGER NOT NULL,
    "rows" INTEGER NOT NULL,
    CONSTRAINT "key" PRIMARY KEY ("report", "day") ENABLED
)
