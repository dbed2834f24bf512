"""All that knows Telegram: its API, limits and markup."""
