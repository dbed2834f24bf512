SELECT "etl_id", "fingerprint", "missing", "rows"
FROM {{ markers }}
WHERE "report" = {{ report }} AND "day" = {{ day }}
