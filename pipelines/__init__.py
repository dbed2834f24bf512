"""Rows of many SQL Server shards into Vertica, every day, exactly once."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("shardline")


def __getattr__(name: str) -> object:
    """What has replaced a module that the documents once taught."""
    if name == "events":
        raise ImportError(
            "pipelines.events is gone: `from pipelines.tasks import LoadDay` does what"
            " it did; see docs/tables.md"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
