SELECT "city", "median_minutes", "p90_minutes"
FROM {{ target }}
WHERE "day" = {{ day }} AND "median_minutes" IS NOT NULL
ORDER BY "median_minutes" DESC, "city"
