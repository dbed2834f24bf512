SELECT COUNT_BIG(*)
FROM (
SELECT id, start_time, end_time, type, data FROM dbo.Orders
) AS q
WHERE q.[start_time] IS NULL
