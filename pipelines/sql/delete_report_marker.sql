DELETE FROM {{ markers }} WHERE "report" = {{ report }} AND "day" = {{ day }}
