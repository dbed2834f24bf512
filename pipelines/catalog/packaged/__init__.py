"""The catalog that comes with the package, as an example: tables, shards, reports."""
