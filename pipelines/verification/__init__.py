"""Comparing what the shards have with what the warehouse has."""
