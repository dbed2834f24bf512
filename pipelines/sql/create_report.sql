CREATE TABLE IF NOT EXISTS {{ target }} (
{% for column in columns %}
    {{ column.name | ident }} {{ column.type }}{% if not loop.last %},{% endif %}

{% endfor %}
)
