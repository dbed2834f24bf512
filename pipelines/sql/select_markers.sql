SELECT "day", "source", "etl_id", "rows", "checksum"
FROM {{ schema | ident }}.{{ markers | ident }}
WHERE "target_table" = {{ target }} AND "day" >= {{ first }} AND "day" <= {{ last }}
