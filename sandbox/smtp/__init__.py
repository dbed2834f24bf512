"""A mail server on loopback that delivers nothing and keeps everything."""
