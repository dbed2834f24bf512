"""The Telegram Bot API on loopback: its methods, markup, limits and errors."""
