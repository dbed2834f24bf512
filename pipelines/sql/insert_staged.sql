INSERT INTO {{ schema | ident }}.{{ table | ident }} (
{%- for column in columns %}{{ column | ident }}{% if not loop.last %}, {% endif %}{% endfor -%}
)
SELECT {% for column in columns %}{{ column | ident }}{% if not loop.last %}, {% endif %}{% endfor %}

FROM {{ staging | ident }}
