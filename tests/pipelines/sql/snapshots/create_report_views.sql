CREATE TABLE IF NOT EXISTS "stage"."report_views" (
    "report" VARCHAR(769) NOT NULL,
    "digest" VARCHAR(64) NOT NULL,
    CONSTRAINT "key" PRIMARY KEY ("report") ENABLED
)
