SELECT "etl_id" FROM "stage"."orders" LIMIT 0
