"""Documents that people send to the bot, kept for publishing."""
