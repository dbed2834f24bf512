"""All of the bot that knows Telegram."""
