SELECT "digest" FROM {{ views }} WHERE "report" = {{ report }}
