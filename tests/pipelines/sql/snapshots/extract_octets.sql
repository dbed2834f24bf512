SELECT
    q.[id],
    q.[rated],
    q.[order_id],
    q.[score],
    CAST(CAST(q.[comment] AS nvarchar(max)) AS varbinary(max)) AS [comment]
FROM (
SELECT id, rated, order_id, score, comment FROM dbo.Rates
) AS q
WHERE q.[rated] >= CAST('2019-03-14T00:00:00.000000' AS datetime2)
  AND q.[rated] < CAST('2019-03-15T00:00:00.000000' AS datetime2)
