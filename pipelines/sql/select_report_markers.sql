SELECT "report", "day", "fingerprint"
FROM {{ markers }}
WHERE "day" >= {{ first }} AND "day" <= {{ last }}
ORDER BY "report", "day"
