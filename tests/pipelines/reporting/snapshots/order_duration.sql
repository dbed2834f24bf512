CREATE OR REPLACE VIEW "reports"."order_duration_live" AS
WITH loaded AS (
    SELECT "source" AS city, "day"
    FROM "stage"."markers"
    WHERE "target_table" = 'stage.orders'
),
timed AS (
    SELECT
        "etl_source" AS city,
        "start_time"::DATE AS day,
        TIMESTAMPDIFF(MICROSECOND, "start_time", "end_time")::FLOAT / 60000000 AS minutes
    FROM "stage"."orders"
    WHERE "end_time" IS NOT NULL
),
ranked AS (
    SELECT
        city,
        day,
        minutes,
        MEDIAN(minutes) OVER (PARTITION BY city, day) AS median_minutes,
        PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY minutes)
            OVER (PARTITION BY city, day) AS p90_minutes
    FROM timed
),
summed AS (
    SELECT
        city,
        day,
        COUNT(*) AS ended,
        AVG(minutes) AS mean_minutes,
        MAX(median_minutes) AS median_minutes,
        MAX(p90_minutes) AS p90_minutes
    FROM ranked
    GROUP BY 1, 2
),
daily AS (
    SELECT
        loaded.day,
        loaded.city,
        COALESCE(summed.ended, 0) AS ended,
        summed.mean_minutes,
        summed.median_minutes,
        summed.p90_minutes
    FROM loaded
    LEFT JOIN summed ON summed.day = loaded.day AND summed.city = loaded.city
)
SELECT
    day,
    city,
    ended,
    mean_minutes,
    median_minutes,
    p90_minutes,
    CASE
        WHEN LAG(day) OVER (PARTITION BY city ORDER BY day) = day - 1
        THEN median_minutes - LAG(median_minutes) OVER (PARTITION BY city ORDER BY day)
    END AS change_on_day_before,
    AVG(median_minutes) OVER (
        PARTITION BY city ORDER BY day
        RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW
    ) AS average_7_days
FROM daily;

CREATE TABLE IF NOT EXISTS "reports"."order_duration" (
    "day" DATE,
    "city" VARCHAR(384),
    "ended" INTEGER,
    "mean_minutes" FLOAT,
    "median_minutes" FLOAT,
    "p90_minutes" FLOAT,
    "change_on_day_before" FLOAT,
    "average_7_days" FLOAT
);

DELETE FROM "reports"."order_duration";

INSERT INTO "reports"."order_duration" ("day", "city", "ended", "mean_minutes", "median_minutes", "p90_minutes", "change_on_day_before", "average_7_days")
SELECT "day", "city", "ended", "mean_minutes", "median_minutes", "p90_minutes", "change_on_day_before", "average_7_days"
FROM "reports"."order_duration_live";
