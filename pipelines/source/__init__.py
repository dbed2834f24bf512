"""All that knows SQL Server."""
