"""All of the bot that knows Telegram: its client, updates, markup and limits."""
