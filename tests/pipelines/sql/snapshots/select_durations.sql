SELECT "city", "median_minutes", "p90_minutes"
FROM "reports"."city_orders"
WHERE "day" = DATE '2019-03-14' AND "median_minutes" IS NOT NULL
ORDER BY "median_minutes" DESC, "city"
