SELECT COUNT_BIG(*)
FROM (
{{ query }}
) AS q
WHERE q.{{ date_column | ident }} IS NULL
