"""Rows of many SQL Server shards into Vertica, every day, exactly once."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("shardline")
