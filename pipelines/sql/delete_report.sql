DELETE FROM {{ target }}
