CREATE TABLE IF NOT EXISTS {{ schema | ident }}.{{ table | ident }} (
{% for column in columns %}
    {{ column.name | ident }} {{ column.type }}{% if not column.nullable %} NOT NULL{% endif %}{% if not loop.last %},{% endif %}

{% endfor %}
)
ORDER BY {{ date_column | ident }}, "etl_source", {{ key | ident }}
SEGMENTED BY HASH("hash_id") ALL NODES
PARTITION BY {{ date_column | ident }}::DATE
GROUP BY CALENDAR_HIERARCHY_DAY({{ date_column | ident }}::DATE, 2, 2)
