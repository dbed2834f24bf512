SELECT 1 FROM {{ relation }} LIMIT 0
