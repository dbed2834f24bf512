INSERT INTO "stage"."markers"
    ("target_table", "source", "day", "etl_id", "rows", "checksum")
VALUES ('stage.orders', 'moscow', DATE '2019-03-14', 1, 2, 3)
