{# Orders of each city and day; a day that was loaded without orders counts as 0. #}
WITH loaded AS (
    SELECT "source" AS city, "day"
    FROM {{ markers }}
    WHERE "target_table" = {{ targets.orders }}
),
counted AS (
    SELECT "etl_source" AS city, "start_time"::DATE AS day, COUNT(*) AS orders
    FROM {{ tables.orders }}
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
FROM daily
