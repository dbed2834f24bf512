"""SQL Server and Vertica on loopback, for the demo and the tests."""
