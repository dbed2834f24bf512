"""Rows without a date, which no day has: counted once a shard and run, and told."""

from __future__ import annotations

from pipelines.catalog import Shard, Span, Table
from pipelines.config import Settings
from pipelines.errors import PermanentError, TransientError
from pipelines.load.shared_findings import once_a_run
from pipelines.load.source_reads import read_with_retries
from pipelines.load.transfer_watcher import TransferWatcher
from pipelines.source import SourceConnection, connect_source, count_undated


def check_undated(
    connection: SourceConnection, table: Table, shard: Shard, watcher: TransferWatcher
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
    rows, is_new = once_a_run().find(
        *("undated", table.name, shard.name),
        ask=lambda: _count(connection, table),
    )
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
            return _count(link, span.table)

    return read_with_retries(count, settings)


def _count(connection: SourceConnection, table: Table) -> int:
    """Count them; a count that breaks off is named, for it may be too long a one."""
    try:
        return count_undated(connection, table)
    except TransientError as error:
        error.cause = f"rows without a date could not be counted: {error.cause}"
        cheaper = f"an index that begins with {table.date_column} makes that cheap"
        error.step = f"{error.step}; {cheaper}, and `timeout` is how long it may take"
        raise


def describe_undated(table: Table, rows: int) -> str:
    """Tell how many rows have no date."""
    have = "row has" if rows == 1 else "rows have"
    return f"{rows:,} {have} no date ({table.date_column} is NULL)"
