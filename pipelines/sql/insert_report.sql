INSERT INTO {{ target }} ({% for name in columns %}{{ name | ident }}{% if not loop.last %}, {% endif %}{% endfor %})
SELECT {% for name in columns %}{{ name | ident }}{% if not loop.last %}, {% endif %}{% endfor %}

FROM {{ view }}
