"""The mail of success: what the reports say of a day, when all of them are fresh."""
