SELECT "day", COUNT(*), COUNT(NULLIF(orders, 0))
FROM "reports"."city_orders"
WHERE "day" = DATE '2019-03-14' OR "day" = DATE '2019-03-13'
GROUP BY "day"
