"""Loads that are tried again, each attempt at a day a session in the log."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from pipelines.catalog import Partition, Span
from pipelines.config import Settings
from pipelines.errors import ShardlineError, TransientError
from pipelines.etl_db import (
    Outcome,
    Session,
    confirm_session,
    etl_engine,
    sessions_together,
)
from pipelines.load.same_place import SamePlace
from pipelines.load.stage_timing import stages
from pipelines.load.transfer import load_missing_days
from pipelines.load.transfer_watcher import TransferWatcher
from pipelines.runtime import (
    LedgerEntry,
    ask_before_the_end,
    ledger,
    log_context,
    stopper,
)
from pipelines.warehouse import (
    Marker,
    Markers,
    MarkersFound,
    cached_markers,
    connect_warehouse,
)

logger = logging.getLogger(__name__)

Transfer = Callable[
    [Span, Settings, Mapping[date, int], TransferWatcher], Iterator[MarkersFound]
]
"""What brings days into the warehouse: see `transfer.load_missing_days`."""


def load_with_retries(
    span: Span,
    options: Settings,
    name: Callable[[Partition], str],
    watcher: TransferWatcher,
    work: Transfer = load_missing_days,
) -> None:
    """Load days, trying again what may pass.

    Args:
        span: What to load.
        options: Where from, where to, how often to try.
        name: What an attempt at a day is called in the log.
        watcher: Who is told how it goes on.
        work: What brings them in.

    Raises:
        TransientError: All attempts failed.
        PermanentError: An attempt failed for a reason that stays.
        ConfigurationError: The session log cannot be used until someone corrects it.
    """
    engine = etl_engine(options.sessions.database)
    done: set[date] = set()
    place = SamePlace()
    try:
        for attempt in options.load.tries():
            with attempt:
                number = attempt.retry_state.attempt_number
                left = span.without(done)
                those = {
                    one.day: Session(engine, name(one), partition=one, attempt=number)
                    for one in left
                }
                ids = {day: session.id for day, session in those.items()}
                with (
                    sessions_together(engine, list(those.values())),
                    _labelled_errors(left, ids, number),
                    place.watched(),
                ):
                    transfers = work(left, options, ids, watcher)
                    for found in _noted(transfers, options, left, those, number):
                        done.update(found)
                        # What came while the commit was shielded.
                        stopper().check()
    except TransientError as error:
        error.step = f"tried {options.load.attempts} times; {error.step}"
        raise _at(error, span.without(done)) from error.__cause__
    except ShardlineError as error:
        raise _at(error, span.without(done)) from error.__cause__


def _noted(
    transfers: Iterator[MarkersFound],
    options: Settings,
    span: Span,
    those: Mapping[date, Session],
    number: int,
) -> Iterator[MarkersFound]:
    """Note the days that come, each before it is passed on.

    An interrupt may come between a commit and the note of it: the markers tell then.
    """
    left = set(span.days)
    try:
        for found in transfers:
            _note(options, span, those, found)
            _enter(span, those, found, number)
            left.difference_update(found)
            yield found
    except KeyboardInterrupt:
        if found := _brought(options, span, {day: those[day].id for day in left}):
            _note(options, span, those, found)
            _enter(span, those, found, number)
        raise


def _brought(options: Settings, span: Span, ids: Mapping[date, int]) -> MarkersFound:
    """The markers of some days that are these sessions', if they can be read soon."""

    def ask() -> MarkersFound:
        with connect_warehouse(options.warehouse) as connection:
            return Markers(connection, options.warehouse.markers).of_span(span)

    found = ask_before_the_end(ask) or {}
    return {day: one for day, one in found.items() if one.etl_id == ids.get(day)}


def _note(
    options: Settings,
    span: Span,
    those: Mapping[date, Session],
    found: MarkersFound,
) -> None:
    """Note what is in the warehouse: in the sessions and the cache of markers."""
    seen = cached_markers(options.warehouse)
    for day, marker in found.items():
        session = those[day]
        seen.add(Partition(span.table, span.shard, day))
        session.outcome = _outcome(session, marker)
        session.rows = marker.rows
        if session.outcome is Outcome.PRESENT:
            session.rows = 0
            confirm_session(session.engine, marker.etl_id, marker.rows)


@contextmanager
def _labelled_errors(
    span: Span, ids: Mapping[date, int], number: int
) -> Iterator[None]:
    """Say of each line what it is about, and log and enter an attempt that fails."""
    only = {"session": next(iter(ids.values()))} if len(ids) == 1 else {}
    about = {"table": span.table.name, "day": str(span.days), "attempt": number}
    with log_context(**about, shard=span.shard.name, **only):
        stages().take()
        try:
            yield
        except ShardlineError as error:
            seconds, octets = stages().take()
            logger.info("failed: %s", error.cause)
            ledger().add(
                LedgerEntry(
                    *(span.table.name, span.shard.name, number),
                    outcomes={Outcome.FAILED.value: 1},
                    octets=octets,
                    seconds=seconds,
                )
            )
            raise


def _enter(
    span: Span, those: Mapping[date, Session], found: MarkersFound, number: int
) -> None:
    """Log what is in the warehouse now, and enter what of it is ours."""
    seconds, octets = stages().take()
    own = [those[day] for day in found if those[day].outcome is not Outcome.PRESENT]
    for day in found:
        session = those[day]
        with log_context(day=str(day), session=session.id):
            logger.info("%s, %d rows", session.outcome.value, session.rows or 0)
    ledger().add(
        LedgerEntry(
            *(span.table.name, span.shard.name, number),
            outcomes=dict(Counter(those[day].outcome.value for day in found)),
            days=len(found),
            sessions=[session.id for session in own],
            rows=sum(session.rows or 0 for session in own),
            octets=octets,
            seconds=seconds,
        )
    )


def _outcome(session: Session, marker: Marker) -> Outcome:
    if marker.etl_id != session.id:
        return Outcome.PRESENT
    return Outcome.LOADED if marker.rows else Outcome.SKIPPED


def _at(error: ShardlineError, span: Span) -> ShardlineError:
    return error if error.where else error.at(str(span))
