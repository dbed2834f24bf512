SELECT "day", "orders", "average_7_days"
FROM "reports"."city_orders"
WHERE "day" >= DATE '2019-02-15' AND "day" <= DATE '2019-03-14'
ORDER BY "day"
