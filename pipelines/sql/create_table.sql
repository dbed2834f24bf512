CREATE TABLE IF NOT EXISTS {{ schema | ident }}.{{ table | ident }} (
{% for column in columns %}
    {{ column.name | ident }} {{ column.type }}{% if not column.nullable %} NOT NULL{% endif %},
{% endfor %}
    "etl_source" VARCHAR({{ source_octets }}) NOT NULL,
    "etl_id" INTEGER NOT NULL,
    "hash_id" INTEGER NOT NULL
)
ORDER BY {{ date_column | ident }}, "etl_source", {{ key | ident }}
SEGMENTED BY HASH("hash_id") ALL NODES
PARTITION BY {{ date_column | ident }}::DATE
GROUP BY CALENDAR_HIERARCHY_DAY({{ date_column | ident }}::DATE, 2, 2)
