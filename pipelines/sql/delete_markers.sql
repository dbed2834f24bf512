DELETE FROM {{ schema | ident }}.{{ markers | ident }}
WHERE "target_table" = {{ target }} AND "source" IN ({{ sources }})
    AND "day" >= {{ first }} AND "day" <= {{ last }}
{% if sessions %}
    AND "etl_id" IN ({{ sessions }})
{% endif %}
