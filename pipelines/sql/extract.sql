SELECT
{% for column in columns %}
    {% if column.kind == "varchar" %}
    {# As nvarchar the text arrives whole whatever the column's code page. #}
    CAST(q.{{ column.name | ident }} AS nvarchar({% if column.size > 4000 %}max{% else %}{{ column.size }}{% endif %})) AS {{ column.name | ident }}
    {%- else %}
    q.{{ column.name | ident }}
    {%- endif %}
    {%- if not loop.last %},{% endif %}

{% endfor %}
FROM (
{{ query }}
) AS q
WHERE q.{{ date_column | ident }} >= {{ start }}
  AND q.{{ date_column | ident }} < {{ stop }}
