"""Rows for the shards: made up from a seed, or taken from a CSV file."""
