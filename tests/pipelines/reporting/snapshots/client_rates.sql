CREATE OR REPLACE VIEW "reports"."client_rates_live" AS
WITH loaded AS (
    SELECT "source" AS city, "day"
    FROM "stage"."markers"
    WHERE "target_table" = 'stage.rates'
),
counted AS (
    SELECT
        "etl_source" AS city,
        "rated"::DATE AS day,
        COUNT(*) AS rates,
        SUM("score") AS score_sum,
        SUM(CASE WHEN "score" = 5 THEN 1 ELSE 0 END) AS best,
        SUM(CASE WHEN "score" <= 2 THEN 1 ELSE 0 END) AS poor,
        SUM(CASE WHEN "comment" <> '' THEN 1 ELSE 0 END) AS comments
    FROM "stage"."rates"
    GROUP BY 1, 2
),
daily AS (
    SELECT
        loaded.day,
        loaded.city,
        COALESCE(counted.rates, 0) AS rates,
        COALESCE(counted.score_sum, 0) AS score_sum,
        COALESCE(counted.best, 0) AS best,
        COALESCE(counted.poor, 0) AS poor,
        COALESCE(counted.comments, 0) AS comments
    FROM loaded
    LEFT JOIN counted ON counted.day = loaded.day AND counted.city = loaded.city
),
scored AS (
    SELECT *, score_sum::FLOAT / NULLIF(rates, 0) AS mean_score
    FROM daily
)
SELECT
    day,
    city,
    rates,
    score_sum,
    comments,
    mean_score,
    best::FLOAT / NULLIF(rates, 0) AS best_share,
    poor::FLOAT / NULLIF(rates, 0) AS poor_share,
    CASE
        WHEN LAG(day) OVER (PARTITION BY city ORDER BY day) = day - 1
        THEN mean_score - LAG(mean_score) OVER (PARTITION BY city ORDER BY day)
    END AS change_on_day_before,
    SUM(score_sum) OVER (
        PARTITION BY city ORDER BY day
        RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW
    )::FLOAT / NULLIF(SUM(rates) OVER (
        PARTITION BY city ORDER BY day
        RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW
    ), 0) AS average_7_days
FROM scored;

CREATE TABLE IF NOT EXISTS "reports"."client_rates" (
    "day" DATE,
    "city" VARCHAR(384),
    "rates" INTEGER,
    "score_sum" INTEGER,
    "comments" INTEGER,
    "mean_score" FLOAT,
    "best_share" FLOAT,
    "poor_share" FLOAT,
    "change_on_day_before" FLOAT,
    "average_7_days" FLOAT
);

DELETE FROM "reports"."client_rates";

INSERT INTO "reports"."client_rates" ("day", "city", "rates", "score_sum", "comments", "mean_score", "best_share", "poor_share", "change_on_day_before", "average_7_days")
SELECT "day", "city", "rates", "score_sum", "comments", "mean_score", "best_share", "poor_share", "change_on_day_before", "average_7_days"
FROM "reports"."client_rates_live";
