SELECT "etl_source", {{ date_column | ident }}::DATE, "etl_id", COUNT(*), COUNT(DISTINCT "hash_id")
FROM {{ schema | ident }}.{{ table | ident }}
WHERE {{ date_column | ident }} >= {{ start }}
  AND {{ date_column | ident }} < {{ stop }}
GROUP BY "etl_source", {{ date_column | ident }}::DATE, "etl_id"
