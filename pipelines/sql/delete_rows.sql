DELETE FROM {{ schema | ident }}.{{ table | ident }}
WHERE "etl_source" IN ({{ sources }})
    AND {{ date_column | ident }} >= {{ start }}
    AND {{ date_column | ident }} < {{ stop }}
