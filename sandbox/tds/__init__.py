"""SQL Server on loopback: TDS 7.1-7.4 over the sandbox's DuckDB engine."""
