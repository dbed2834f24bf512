DELETE FROM {{ schema | ident }}.{{ markers | ident }}
WHERE "target_table" = {{ target }} AND "source" = {{ source }}
    AND "day" >= {{ first }} AND "day" <= {{ last }}
