"""How well the bot is: whether its loop keeps up, and its figures."""
