SELECT
{% for column in columns %}
    {% if text_as_octets and column.encoded.kind == "varchar" %}
    {# Of UTF-16: half a surrogate pair arrives, where the driver would alter it. #}
    CAST(CAST(q.{{ column.name | ident }} AS nvarchar(max)) AS varbinary(max)) AS {{ column.name | ident }}
    {%- elif column.kind in ["char", "varchar", "text", "ntext", "xml"] %}
    {# As nvarchar(max) the text arrives whole, whatever its code page and length. #}
    CAST(q.{{ column.name | ident }} AS nvarchar(max)) AS {{ column.name | ident }}
    {%- elif column.kind == "image" %}
    CAST(q.{{ column.name | ident }} AS varbinary(max)) AS {{ column.name | ident }}
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
{% if order_by %}
ORDER BY q.{{ order_by | ident }}
{% endif %}
