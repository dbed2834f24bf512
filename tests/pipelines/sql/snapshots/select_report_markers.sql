SELECT "report", "day", "fingerprint"
FROM "stage"."report_markers"
WHERE "day" >= DATE '2019-02-15' AND "day" <= DATE '2019-03-14'
ORDER BY "report", "day"
