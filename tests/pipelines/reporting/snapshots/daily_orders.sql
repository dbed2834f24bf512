CREATE OR REPLACE VIEW "reports"."daily_orders_live" AS
WITH loaded AS (
    SELECT "day", COUNT(*) AS cities
    FROM "stage"."markers"
    WHERE "target_table" = 'stage.orders'
    GROUP BY 1
),
counted AS (
    SELECT
        "start_time"::DATE AS day,
        COUNT(*) AS orders,
        COUNT(*) - COUNT("end_time") AS not_ended,
        COUNT(DISTINCT "etl_source") AS cities_with_orders
    FROM "stage"."orders"
    GROUP BY 1
),
daily AS (
    SELECT
        loaded.day,
        loaded.cities,
        COALESCE(counted.cities_with_orders, 0) AS cities_with_orders,
        COALESCE(counted.orders, 0) AS orders,
        COALESCE(counted.not_ended, 0) AS not_ended
    FROM loaded
    LEFT JOIN counted ON counted.day = loaded.day
),
compared AS (
    SELECT
        *,
        CASE
            WHEN LAG(day) OVER (ORDER BY day) = day - 1
            THEN LAG(orders) OVER (ORDER BY day)
        END AS orders_of_day_before
    FROM daily
)
SELECT
    day,
    cities,
    cities_with_orders,
    orders,
    not_ended,
    orders - orders_of_day_before AS change_on_day_before,
    (orders - orders_of_day_before)::FLOAT / NULLIF(orders_of_day_before, 0)
        AS change_share,
    AVG(orders) OVER (
        ORDER BY day RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW
    ) AS average_7_days
FROM compared;

CREATE TABLE IF NOT EXISTS "reports"."daily_orders" (
    "day" DATE,
    "cities" INTEGER,
    "cities_with_orders" INTEGER,
    "orders" INTEGER,
    "not_ended" INTEGER,
    "change_on_day_before" INTEGER,
    "change_share" FLOAT,
    "average_7_days" FLOAT
);

DELETE FROM "reports"."daily_orders";

INSERT INTO "reports"."daily_orders" ("day", "cities", "cities_with_orders", "orders", "not_ended", "change_on_day_before", "change_share", "average_7_days")
SELECT "day", "cities", "cities_with_orders", "orders", "not_ended", "change_on_day_before", "change_share", "average_7_days"
FROM "reports"."daily_orders_live";
