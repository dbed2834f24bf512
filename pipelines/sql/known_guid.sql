SELECT CAST(CAST({{ guid }} AS uniqueidentifier) AS binary(16))
