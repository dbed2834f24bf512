SELECT "etl_id", "rows", "checksum", "day"
FROM {{ schema | ident }}.{{ markers | ident }}
WHERE "target_table" = {{ target }} AND "source" = {{ source }}
{% if first == last %}
    AND "day" = {{ first }}
{% else %}
    AND "day" >= {{ first }} AND "day" <= {{ last }}
{% endif %}
