INSERT INTO "stage"."markers"
    ("target_table", "source", "day", "etl_id", "rows", "checksum")
SELECT 'stage.orders', 'moscow', DATE '2019-03-14', 1, 2, 3 UNION ALL
SELECT 'stage.orders', 'moscow', DATE '2019-03-15', 4, 0, 0
