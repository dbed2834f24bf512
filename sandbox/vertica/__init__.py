"""Vertica on loopback: its wire protocol, SQL, COPY and table locks over DuckDB."""
