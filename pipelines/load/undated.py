"""Rows without a date, which no day has: counted once a shard and run, and told."""

from __future__ import annotations

from functools import lru_cache

import pymssql

from pipelines.catalog import Shard, Span, Table
from pipelines.config import Settings
from pipelines.errors import PermanentError
from pipelines.load.source_reads import read_with_retries
from pipelines.load.transfer_watcher import TransferWatcher
from pipelines.runtime import SharedRecords
from pipelines.source import connect_source, count_undated


class UndatedRows:
    """How many rows without a date the shards have, as far as this run has asked."""

    def __init__(self) -> None:
        """Begin with none; children that are forked from now on share what is found."""
        self._records = SharedRecords()

    def count(
        self, connection: pymssql.Connection, table: Table, shard: Shard
    ) -> tuple[int, bool]:
        """How many a shard has, and whether it was this call that asked it."""
        key = [table.name, shard.name]
        with self._records.alone(str(key)):
            found, _ = self._records.since(0)
            for *of, rows in found:
                if of == key:
                    return rows, False
            rows = count_undated(connection, table)
            self._records.add([*key, rows])
        return rows, True


@lru_cache(maxsize=1)
def undated_rows() -> UndatedRows:
    """What this run has found; children share that of whoever forked them."""
    return UndatedRows()


def check_undated(
    connection: pymssql.Connection, table: Table, shard: Shard, watcher: TransferWatcher
) -> None:
    """Tell of a shard's rows without a date, which are counted once a run.

    Args:
        connection: A connection that uses the shard's database.
        table: Whose rows.
        shard: Of which shard.
        watcher: Who is warned, once a run, if the table's entry wants that.

    Raises:
        PermanentError: There are some, and the table's entry does not allow for them.
        TransientError: The connection was lost.
    """
    rows, is_new = undated_rows().count(connection, table, shard)
    if rows and table.undated == "fail":
        raise PermanentError(
            f"{describe_undated(table, rows)}, and would be in no day",
            step='add the dates in the shard, or set undated = "warn" in its entry',
        )
    if rows and is_new:
        watcher.warn(f"{describe_undated(table, rows)} and are not loaded")


def undated_of_shard(settings: Settings, span: Span) -> int:
    """How many rows a shard has now that have no date, and are in none of its days.

    Raises:
        ShardlineError: It cannot be asked, however often that was tried.
    """

    def count() -> int:
        with connect_source(settings.servers[span.shard.server], span.shard) as link:
            return count_undated(link, span.table)

    return read_with_retries(count, settings)


def describe_undated(table: Table, rows: int) -> str:
    """Tell how many rows have no date."""
    have = "row has" if rows == 1 else "rows have"
    return f"{rows:,} {have} no date ({table.date_column} is NULL)"
