SELECT d.name, d.system_type_name, d.is_hidden, d.error_number,
    d.source_schema, d.source_table, d.source_column,
    d.is_nullable
FROM sys.dm_exec_describe_first_result_set({{ query }}, NULL, 1) AS d
