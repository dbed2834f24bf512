SELECT {% for name in columns %}{{ name | ident }}{% if not loop.last %}, {% endif %}{% endfor %}

FROM {{ target }}
WHERE "day" = {{ day }}
LIMIT {{ limit }}
