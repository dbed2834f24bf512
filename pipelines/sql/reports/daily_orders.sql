{# Orders of all cities, a row a day. #}
WITH loaded AS (
    SELECT "day", COUNT(*) AS cities
    FROM {{ markers }}
    WHERE "target_table" = {{ targets.orders }}
    GROUP BY 1
),
counted AS (
    SELECT
        "start_time"::DATE AS day,
        COUNT(*) AS orders,
        COUNT(*) - COUNT("end_time") AS not_ended,
        COUNT(DISTINCT "etl_source") AS cities_with_orders
    FROM {{ tables.orders }}
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
FROM compared
