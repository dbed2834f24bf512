COPY {% if schema %}{{ schema | ident }}.{% endif %}{{ table | ident }} (
{%- for column in columns %}{{ column | ident }}{% if not loop.last %}, {% endif %}{% endfor -%}
)
FROM STDIN NATIVE ENFORCELENGTH ABORT ON ERROR NO COMMIT
