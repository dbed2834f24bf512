SELECT 1 FROM "reports"."city_orders" LIMIT 0
