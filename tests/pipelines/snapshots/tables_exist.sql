SELECT COUNT(*)
FROM v_catalog.tables
WHERE (table_schema = 'stage' AND table_name = 'orders') OR (table_schema = 'stage' AND table_name = 'markers')
