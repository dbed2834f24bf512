CREATE LOCAL TEMPORARY TABLE {{ staging | ident }} (
{% for column in columns %}
    {{ column.name | ident }} {{ column.type }}{% if not column.nullable %} NOT NULL{% endif %},
{% endfor %}
    "etl_source" VARCHAR({{ source_octets }}) NOT NULL,
    "etl_id" INTEGER NOT NULL,
    "hash_id" INTEGER NOT NULL
)
ON COMMIT DELETE ROWS
