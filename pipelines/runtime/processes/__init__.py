"""Processes that wait for slow work, so that this one is free for others."""
