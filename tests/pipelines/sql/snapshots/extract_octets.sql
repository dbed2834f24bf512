SELECT
    q.[id],
    q.[start_time],
    q.[end_time],
    q.[type],
    CAST(CAST(q.[data] AS uniqueidentifier) AS binary(16)) AS [data]
FROM (
SELECT id, start_time, end_time, type, data FROM dbo.Orders
) AS q
WHERE q.[start_time] >= CAST('2019-03-14T00:00:00.000000' AS datetime2)
  AND q.[start_time] < CAST('2019-03-15T00:00:00.000000' AS datetime2)
