"""What a rival's bot does for a command. Only the standard library is needed here."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

LOOK_UP = (0.05, 0.1)
"""Seconds that a handler waits before its deed, as for something it looks up."""


class Deeds:
    """Rows of an SQLite file: which chat had which numbered command carried out."""

    def __init__(self, file: str) -> None:
        """Open the file, and make its table if there is none.

        Args:
            file: Its path.
        """
        self._connection = sqlite3.connect(file)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS deeds"
            " (id INTEGER PRIMARY KEY, chat INTEGER, command INTEGER)"
        )

    async def do(self, chat: int, command: int) -> None:
        """Wait a little, then write the row and commit it."""
        await asyncio.sleep(random.uniform(*LOOK_UP))  # noqa: S311 - no secret
        with self._connection:
            self._connection.execute(
                "INSERT INTO deeds (chat, command) VALUES (?, ?)", (chat, command)
            )


def read_deeds(file: Path) -> list[tuple[int, int]]:
    """Chat and command of all deeds, in their order."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT chat, command FROM deeds ORDER BY id")
        return [(chat, command) for chat, command in rows]
