"""The list of shards as a CSV file: server, shard, time zone and database."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.faults import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_COLUMNS = ("server", "shard", "time_zone", "database")


class ShardsError(SandboxError):
    """The list of shards cannot be read; the message is one line."""


@dataclass(frozen=True)
class Shard:
    """One SQL Server database with a part of the rows.

    Attributes:
        server: The name of its SQL Server.
        name: The shard's name, any text.
        time_zone: The IANA name of the zone its days are in.
        database: The database's name, that of the shard unless it is given.
    """

    server: str
    name: str
    time_zone: str = "UTC"
    database: str = ""

    def __post_init__(self) -> None:
        """Call the database as the shard unless it has a name."""
        if not self.database:
            object.__setattr__(self, "database", self.name)


def read_shards(path: Path) -> list[Shard]:
    """Read a list of shards.

    Args:
        path: A CSV file in UTF-8 with the columns server and shard, and optional
            ones time_zone (UTC without it) and database (the shard's name).

    Raises:
        ShardsError: It cannot be read, lacks a column, or names a shard twice.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = {"server", "shard"} - set(rows.fieldnames or ())
            if missing:
                raise ShardsError(f"{path} has no column {', '.join(sorted(missing))}")
            shards = [
                Shard(
                    server=row["server"] or "",
                    name=row["shard"] or "",
                    time_zone=row.get("time_zone") or "UTC",
                    database=row.get("database") or "",
                )
                for row in rows
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ShardsError(f"the shards in {path} cannot be read: {error}") from None
    _check(path, shards)
    return shards


def write_shards(path: Path, shards: Iterable[Shard]) -> None:
    """Write a list of shards, as `read_shards` reads it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(
            (one.server, one.name, one.time_zone, one.database) for one in shards
        )


def some(shards: Sequence[Shard], count: int) -> list[Shard]:
    """Choose a few from all over a list.

    Raises:
        ShardsError: There are not so many.
    """
    if not 1 <= count <= len(shards):
        raise ShardsError(f"{count} shards: there are {len(shards)} to choose from")
    return [shards[at * len(shards) // count] for at in range(count)]


def _check(path: Path, shards: list[Shard]) -> None:
    seen: set[tuple[str, str]] = set()
    for line, shard in enumerate(shards, start=2):
        key = (shard.server, shard.database.casefold())
        if not shard.server or not shard.name:
            raise ShardsError(f"{path}, row {line}: server and shard must be given")
        if key in seen:
            raise ShardsError(f"{path}, row {line}: {shard.database!r} is named twice")
        seen.add(key)
