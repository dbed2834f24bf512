SELECT COUNT(*)
FROM v_catalog.tables
WHERE {% for schema, table in tables %}
(table_schema = {{ schema }} AND table_name = {{ table }}){% if not loop.last %} OR {% endif %}
{% endfor %}

