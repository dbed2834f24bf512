"""What is asked of Telegram, by one bot at a time, and who sends too much."""
