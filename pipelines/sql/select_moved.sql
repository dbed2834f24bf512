SELECT "etl_source", {{ key | ident }}, MIN({{ date_column | ident }}::DATE), MAX({{ date_column | ident }}::DATE)
FROM {{ schema | ident }}.{{ table | ident }}
WHERE {{ date_column | ident }} >= {{ start }}
  AND {{ date_column | ident }} < {{ stop }}
GROUP BY "etl_source", {{ key | ident }}, "hash_id"
HAVING MIN({{ date_column | ident }}::DATE) <> MAX({{ date_column | ident }}::DATE)
ORDER BY "etl_source", {{ key | ident }}
