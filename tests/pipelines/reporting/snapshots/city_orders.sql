CREATE OR REPLACE VIEW "reports"."city_orders_live" AS
WITH loaded AS (
    SELECT "source" AS city, "day"
    FROM "stage"."markers"
    WHERE "target_table" = 'stage.orders'
),
counted AS (
    SELECT "etl_source" AS city, "start_time"::DATE AS day, COUNT(*) AS orders
    FROM "stage"."orders"
    GROUP BY 1, 2
),
daily AS (
    SELECT loaded.day, loaded.city, COALESCE(counted.orders, 0) AS orders
    FROM loaded
    LEFT JOIN counted ON counted.day = loaded.day AND counted.city = loaded.city
)
SELECT
    day,
    city,
    orders,
    CASE
        WHEN LAG(day) OVER (PARTITION BY city ORDER BY day) = day - 1
        THEN orders - LAG(orders) OVER (PARTITION BY city ORDER BY day)
    END AS change_on_day_before,
    AVG(orders) OVER (
        PARTITION BY city ORDER BY day
        RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW
    ) AS average_7_days,
    orders::FLOAT / NULLIF(SUM(orders) OVER (PARTITION BY day), 0) AS share_of_day,
    RANK() OVER (PARTITION BY day ORDER BY orders DESC) AS rank_in_day
FROM daily;

CREATE TABLE IF NOT EXISTS "reports"."city_orders" (
    "day" DATE,
    "city" VARCHAR(384),
    "orders" INTEGER,
    "change_on_day_before" INTEGER,
    "average_7_days" FLOAT,
    "share_of_day" FLOAT,
    "rank_in_day" INTEGER
);

DELETE FROM "reports"."city_orders";

INSERT INTO "reports"."city_orders" ("day", "city", "orders", "change_on_day_before", "average_7_days", "share_of_day", "rank_in_day")
SELECT "day", "city", "orders", "change_on_day_before", "average_7_days", "share_of_day", "rank_in_day"
FROM "reports"."city_orders_live";
