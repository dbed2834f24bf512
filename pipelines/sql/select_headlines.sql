SELECT "day", COUNT(*), {{ headline }}
FROM {{ target }}
WHERE "day" = {{ day }} OR "day" = {{ before }}
GROUP BY "day"
