CREATE OR REPLACE VIEW "reports"."client_calls_live" AS
WITH loaded AS (
    SELECT "source" AS city, "day"
    FROM "stage"."markers"
    WHERE "target_table" = 'stage.calls'
),
called AS (
    SELECT
        "etl_source" AS city,
        "started"::DATE AS day,
        CASE WHEN "answered" THEN 1 ELSE 0 END AS answered,
        CASE WHEN "order_id" IS NOT NULL THEN 1 ELSE 0 END AS about_order,
        "duration_s" AS seconds
    FROM "stage"."calls"
),
talked AS (
    SELECT
        city,
        day,
        seconds,
        MEDIAN(seconds) OVER (PARTITION BY city, day) AS median_talk_s,
        PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY seconds)
            OVER (PARTITION BY city, day) AS p90_talk_s
    FROM called
    WHERE answered = 1
),
talks AS (
    SELECT
        city,
        day,
        MAX(median_talk_s)::FLOAT AS median_talk_s,
        MAX(p90_talk_s)::FLOAT AS p90_talk_s
    FROM talked
    GROUP BY 1, 2
),
counted AS (
    SELECT
        city,
        day,
        COUNT(*) AS calls,
        SUM(answered) AS answered,
        SUM(about_order) AS about_orders
    FROM called
    GROUP BY 1, 2
),
daily AS (
    SELECT
        loaded.day,
        loaded.city,
        COALESCE(counted.calls, 0) AS calls,
        COALESCE(counted.answered, 0) AS answered,
        COALESCE(counted.about_orders, 0) AS about_orders,
        talks.median_talk_s,
        talks.p90_talk_s
    FROM loaded
    LEFT JOIN counted ON counted.day = loaded.day AND counted.city = loaded.city
    LEFT JOIN talks ON talks.day = loaded.day AND talks.city = loaded.city
)
SELECT
    day,
    city,
    calls,
    answered,
    about_orders,
    answered::FLOAT / NULLIF(calls, 0) AS answered_share,
    median_talk_s,
    p90_talk_s,
    CASE
        WHEN LAG(day) OVER (PARTITION BY city ORDER BY day) = day - 1
        THEN calls - LAG(calls) OVER (PARTITION BY city ORDER BY day)
    END AS change_on_day_before,
    AVG(calls) OVER (
        PARTITION BY city ORDER BY day
        RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW
    ) AS average_7_days
FROM daily;

CREATE TABLE IF NOT EXISTS "reports"."client_calls" (
    "day" DATE,
    "city" VARCHAR(384),
    "calls" INTEGER,
    "answered" INTEGER,
    "about_orders" INTEGER,
    "answered_share" FLOAT,
    "median_talk_s" FLOAT,
    "p90_talk_s" FLOAT,
    "change_on_day_before" INTEGER,
    "average_7_days" FLOAT
);

DELETE FROM "reports"."client_calls";

INSERT INTO "reports"."client_calls" ("day", "city", "calls", "answered", "about_orders", "answered_share", "median_talk_s", "p90_talk_s", "change_on_day_before", "average_7_days")
SELECT "day", "city", "calls", "answered", "about_orders", "answered_share", "median_talk_s", "p90_talk_s", "change_on_day_before", "average_7_days"
FROM "reports"."client_calls_live";
