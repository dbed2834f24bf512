DELETE FROM {{ views }} WHERE "report" = {{ report }}
