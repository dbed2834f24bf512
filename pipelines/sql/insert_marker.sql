INSERT INTO {{ schema | ident }}.{{ markers | ident }}
    ("target_table", "source", "day", "etl_id", "rows", "checksum")
{% if days | length == 1 %}
VALUES ({{ target }}, {{ source }}, {{ days[0] }})
{% else %}
{# VALUES holds one row, and each statement makes storage containers of its own. #}
{% for values in days %}
SELECT {{ target }}, {{ source }}, {{ values }}{% if not loop.last %} UNION ALL{% endif %}

{% endfor %}
{% endif %}
