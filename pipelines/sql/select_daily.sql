SELECT "day", "orders", "average_7_days"
FROM {{ target }}
WHERE "day" >= {{ first }} AND "day" <= {{ last }}
ORDER BY "day"
