"""Conversations: what is missing of a wish is asked for, and what was asked is kept."""
