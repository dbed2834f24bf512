"""SQL Server, Vertica, Telegram and a mail server on loopback."""
