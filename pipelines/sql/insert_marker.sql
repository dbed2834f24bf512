INSERT INTO {{ schema | ident }}.{{ markers | ident }}
    ("target_table", "source", "day", "etl_id", "rows", "checksum")
VALUES ({{ target }}, {{ source }}, {{ day }}, {{ etl_id }}, {{ rows }}, {{ checksum }})
