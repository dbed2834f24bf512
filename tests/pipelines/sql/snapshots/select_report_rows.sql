SELECT "day", "city", "orders", "change_on_day_before", "average_7_days", "share_of_day", "rank_in_day"
FROM "reports"."city_orders"
WHERE "day" = DATE '2019-03-14'
LIMIT 1000
