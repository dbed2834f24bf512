SELECT "etl_id" FROM {{ schema | ident }}.{{ table | ident }} LIMIT 0
