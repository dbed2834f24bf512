SELECT "etl_id", "rows", "checksum"
FROM {{ schema | ident }}.{{ markers | ident }}
WHERE "target_table" = {{ target }} AND "source" = {{ source }} AND "day" = {{ day }}
