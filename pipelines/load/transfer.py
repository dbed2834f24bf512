"""One attempt to bring days into the warehouse, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import partial

from pipelines.catalog import Span
from pipelines.config import Settings
from pipelines.errors import (
    PermanentError,
    ShardlineError,
    TransientError,
    UnknownOutcomeError,
)
from pipelines.etl_db import now_for_all
from pipelines.load.encoding import DayEncoders
from pipelines.load.replacement import is_replaced
from pipelines.load.shared_findings import once_a_run
from pipelines.load.stage_timing import COMMIT, COPY, ENCODE, EXTRACT, stages
from pipelines.load.transfer_watcher import TransferWatcher
from pipelines.load.undated import check_undated
from pipelines.source import (
    Octets,
    compare_columns,
    connect_source,
    extract_encoded,
)
from pipelines.warehouse import (
    STAGING,
    Connection,
    DuplicateKeyError,
    Markers,
    MarkersFound,
    connect_warehouse,
    copy_rows,
    copy_statement,
    staging_statement,
)
from pipelines.warehouse import replace_rows as replace_days


def load_missing_days(
    span: Span,
    settings: Settings,
    etl_ids: Mapping[date, int],
    watcher: TransferWatcher,
) -> Iterator[MarkersFound]:
    """Load the days of a span whose markers are not there.

    Days that follow each other are read by one extract and loaded by one COPY, within
    the bound of rows. Their rows and markers become visible by one commit. An error
    before the markers' INSERT leaves nothing. After one that comes later the commit may
    have happened, so a new connection reads the markers, and its word counts; what is
    not there then and was not in another's way is loaded.

    Args:
        span: What to load.
        settings: Where from, where to.
        etl_ids: The session of each day; it is in the day's rows and in its marker.
        watcher: Who is told how it goes on.

    Yields:
        Markers that are in the warehouse, until each day was among them once. One has
        another `etl_id` if another attempt was first.

    Raises:
        UnknownOutcomeError: A commit may have happened; the markers could not be read.
        TransientError: Of the other days nothing is known to be loaded, and trying
            again may help. The next attempt reads the markers before it does anything.
        PermanentError: Of the other days nothing is loaded, and someone must act first.
    """
    left = list(span.days)
    while left:
        with connect_warehouse(settings.warehouse, keep=True) as connection:
            markers = Markers(connection, settings.warehouse.markers)
            found = markers.of_span(span)
            failure: ShardlineError | None = None
            while left and failure is None:
                if known := _those(left, found):
                    yield known
                    left = [day for day in left if day not in known]
                    continue
                part = span.start_of(left)
                found = _copy(connection, part, settings, etl_ids, watcher)
                failure = _commit(connection, partial(markers.insert_all, part, found))
        if failure is not None:
            known = _those(left, _settle(span, settings, failure))
            if not known:
                raise _worth_another(failure)
            yield known
            left = [day for day in left if day not in known]


def reload_days(
    span: Span,
    settings: Settings,
    etl_ids: Mapping[date, int],
    watcher: TransferWatcher,
    old: Mapping[date, int],
    asked: datetime,
) -> Iterator[MarkersFound]:
    """Load the days of a span again, in the place of what is there.

    Args:
        span: What to load.
        settings: Where from, where to.
        etl_ids: The session of each day.
        watcher: Who is told how it goes on.
        old: The session in the marker of each day that has one.
        asked: When that was read. A day that an attempt has replaced since which began
            later is left alone.

    Yields:
        Markers that are in the warehouse, until each day was among them once.

    Raises:
        ShardlineError: As `load_missing_days` does; the other days are as they were.
    """
    left = list(span.days)
    while left:
        failure: ShardlineError | None = None
        with connect_warehouse(settings.warehouse) as connection:
            markers = Markers(connection, settings.warehouse.markers)
            before = _those(left, markers.of_span(span))
            known = {
                day: marker
                for day, marker in before.items()
                if is_replaced(settings, marker, old.get(day), asked)
            }
            if not known:
                part = span.start_of(left)
                known = _copy(
                    connection, part, settings, etl_ids, watcher, staging=STAGING
                )
                part, gone = span.start_of(known), _those(list(known), before)
                replace = partial(replace_days, connection, markers, part, gone, known)
                failure = _commit(connection, replace)
        if failure is not None:
            found = _those(list(known), _settle(span, settings, failure))
            if found != known:
                if found == gone:
                    raise _worth_another(failure)
                # Another was first, but may have read before us: so read once more.
                asked = now_for_all(settings.sessions.database)
                continue
        yield known
        left = [day for day in left if day not in known]


def _those(days: list[date], found: MarkersFound) -> MarkersFound:
    return {day: found[day] for day in days if day in found}


def _copy(
    connection: Connection,
    span: Span,
    settings: Settings,
    etl_ids: Mapping[date, int],
    watcher: TransferWatcher,
    staging: str = "",
) -> MarkersFound:
    """Copy a span's rows into the open transaction, as many days as the bound lets.

    The shard is asked for its rows when Vertica asks for them: a SELECT that waited for
    the COPY's lock would meanwhile hold locks of its own in the shard.
    """
    table, shard = span.table, span.shard
    clock = stages()
    encoders = DayEncoders(
        *(span, etl_ids, settings.load.group_rows),
        timed=partial(clock.during, ENCODE),
    )
    if staging:
        connection.query(staging_statement(table, staging))
    with connect_source(settings.servers[shard.server], shard) as link:
        check = compare_columns(link, span)
        _, are_new = once_a_run().find(
            *("warnings", table.name, shard.name), ask=lambda: check.warnings
        )
        for warning in check.warnings if are_new else ():
            watcher.warn(warning)
        if check.undated:
            check_undated(link, table, shard, watcher)
        rows = extract_encoded(link, span, settings.load, encoders)
        encoded = _watched(encoders, clock.each(EXTRACT, rows), watcher)
        with clock.during(COPY):
            statement = copy_statement(table, staging)
            accepted = copy_rows(connection, statement, encoded)
    if accepted != encoders.rows:
        raise PermanentError(
            f"Vertica took {accepted} rows of {encoders.rows}",
            step="compare the target's columns with the catalog",
        )
    return encoders.markers


def _watched(
    encoders: DayEncoders, encoded: Iterator[Octets], watcher: TransferWatcher
) -> Iterator[Octets]:
    yield encoders.header
    for octets in encoded:
        stages().sent(len(octets))
        yield octets
        watcher.sent(encoders.rows)


def _commit(connection: Connection, write: Callable[[], None]) -> ShardlineError | None:
    """Write the last and commit; what went wrong, if anything did."""
    try:
        with stages().during(COMMIT):
            write()
            connection.commit()
    except ShardlineError as error:
        with suppress(ShardlineError):
            connection.rollback()
        return error
    return None


def _settle(span: Span, settings: Settings, error: ShardlineError) -> MarkersFound:
    """Find out how a transaction ended whose end was not seen."""
    options = settings.warehouse
    try:
        with connect_warehouse(options) as connection:
            return Markers(connection, options.markers).of_span(span)
    except ShardlineError as unasked:
        raise UnknownOutcomeError(
            f"{error.cause}, and whether the commit happened cannot be asked:"
            f" {unasked.cause}",
            step="the next attempt asks before it loads",
        ) from unasked


def _worth_another(error: ShardlineError) -> ShardlineError:
    """The error, or that of another load which is not there after all."""
    if not isinstance(error, DuplicateKeyError):
        return error
    again = TransientError(
        "another load of the same day was rolled back after it had been in the way",
        step="run it again",
    )
    again.__cause__ = error
    return again
