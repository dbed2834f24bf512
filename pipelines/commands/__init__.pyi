from .cli import shardline

__all__ = [
    "shardline",
]
