"""Loads that are tried again, each attempt at a day a session in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from sqlalchemy import Engine

from pipelines import database, sessions
from pipelines.catalog import Partition
from pipelines.errors import ShardlineError, TransientError
from pipelines.retries import retrying
from pipelines.sessions import Outcome, Session
from pipelines.settings import Settings
from pipelines.spans import Span
from pipelines.tally import tally
from pipelines.transfer import Watcher, transfer
from pipelines.warehouse.markers import Found, Marker
from pipelines.warehouse.memo import memo

Work = Callable[[Span, Settings, Mapping[date, int], Watcher], Iterator[Found]]
"""What brings days into the warehouse: see `pipelines.transfer.transfer`."""


def load(
    span: Span,
    options: Settings,
    name: Callable[[Partition], str],
    watcher: Watcher,
    work: Work = transfer,
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
    attempts = retrying(
        TransientError,
        attempts=options.load.attempts,
        backoff=options.load.backoff,
        backoff_max=options.load.backoff_max,
    )
    engine = database.connect(options.sessions.database)
    done: set[date] = set()
    try:
        for attempt in attempts:
            with attempt:
                number = attempt.retry_state.attempt_number
                left = span.without(done)
                those = {
                    one.day: Session(engine, name(one), partition=one, attempt=number)
                    for one in left
                }
                ids = {day: session.id for day, session in those.items()}
                with sessions.together(engine, list(those.values())):
                    for found in work(left, options, ids, watcher):
                        _note(engine, options, left, those, found)
                        done.update(found)
    except TransientError as error:
        error.step = f"tried {options.load.attempts} times; {error.step}"
        raise _at(error, span.without(done)) from error.__cause__
    except ShardlineError as error:
        raise _at(error, span.without(done)) from error.__cause__


def _note(
    engine: Engine,
    options: Settings,
    span: Span,
    those: Mapping[date, Session],
    found: Found,
) -> None:
    """Note what is in the warehouse: in the sessions, the memo and the tally."""
    seen = memo(options.warehouse)
    for day, marker in found.items():
        session = those[day]
        seen.add(Partition(span.table, span.shard, day))
        session.outcome = _outcome(session, marker)
        session.rows = marker.rows
        if session.outcome is Outcome.PRESENT:
            session.rows = 0
            sessions.confirm(engine, marker.etl_id, marker.rows)
    rows = sum(session.rows or 0 for day, session in those.items() if day in found)
    tally().add(len(found), rows)


def _outcome(session: Session, marker: Marker) -> Outcome:
    if marker.etl_id != session.id:
        return Outcome.PRESENT
    return Outcome.LOADED if marker.rows else Outcome.SKIPPED


def _at(error: ShardlineError, span: Span) -> ShardlineError:
    return error if error.where else error.at(str(span))
