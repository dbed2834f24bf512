SELECT {% for column in columns %}{{ column | ident }}{% if not loop.last %}, {% endif %}{% endfor %}

FROM {{ schema | ident }}.{{ table | ident }}
WHERE "etl_source" = {{ source }}
  AND {{ date_column | ident }} >= {{ start }}
  AND {{ date_column | ident }} < {{ stop }}
ORDER BY {{ key | ident }}
