CREATE LOCAL TEMPORARY TABLE {{ staging | ident }} (
{% for column in columns %}
    {{ column.name | ident }} {{ column.type }}{% if not column.nullable %} NOT NULL{% endif %}{% if not loop.last %},{% endif %}

{% endfor %}
)
ON COMMIT DELETE ROWS
