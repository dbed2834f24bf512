SELECT COUNT(*) FROM {{ target }}
