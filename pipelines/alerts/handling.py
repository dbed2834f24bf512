"""What people do about an incident that is open: acknowledge, mute, close it.

Each of these is one statement of a caller's transaction, so that it and the audit's row
of it are one commit. `handled` counts them, which is how the sender learns of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    case,
    null,
    or_,
    select,
    update,
)

from pipelines.alerts.incidents import (
    NO_RECEIPTS,
    UNUSABLE,
    Incident,
    incident_columns,
    mute_is_over,
)
from pipelines.alerts.sender_lease import Lease
from pipelines.errors import ConfigurationError, one_line
from pipelines.etl_db import (
    alerts_table,
    as_utc,
    database_time,
    etl_db_errors,
    incidents_table,
)
from pipelines.text import cut_line

LONGEST_MUTE = timedelta(days=31)
"""How long nothing is told of an incident at most: longer would be forgetting it."""

LONGEST_NAME = 250

ShardDay = tuple[str, str | None, date]
"""A table, a shard and a day; without a shard, that of all."""


@dataclass(frozen=True)
class HandledIncident:
    """An open incident that somebody acknowledged or muted.

    Attributes:
        incident: Which.
        days: What failed of it, of the days that were asked for.
    """

    incident: Incident
    days: frozenset[ShardDay]


def acknowledge_incident(connection: Connection, number: int, who: str) -> None:
    """Write that somebody sees to an incident.

    Args:
        connection: With an open transaction.
        number: The incident's.
        who: Who does.

    Raises:
        ConfigurationError: None with that number is open, or it is acknowledged
            already: the first name stays.
    """
    values = {
        "acknowledged": database_time(connection.engine),
        "acknowledged_by": _name(who),
    }
    if _change(connection, number, values, incidents_table.c.acknowledged.is_(None)):
        return
    before = _column_of_open(connection, number, incidents_table.c.acknowledged_by)
    raise ConfigurationError(
        f"incident #{number} is acknowledged already, by {before}",
        step=f"ask {before}, or mute it",
    )


def mute_incident(
    connection: Connection, number: int, who: str, until: datetime
) -> None:
    """Have nothing new told of an incident until then; the last of several counts.

    Args:
        connection: With an open transaction.
        number: The incident's.
        who: Who wishes so.
        until: Until when, with its time zone: at most `LONGEST_MUTE` from now, by the
            ETL database's clock.

    Raises:
        ConfigurationError: None with that number is open, or that is no such moment.
    """
    now = as_utc(connection.scalars(select(database_time(connection.engine))).one())
    if not now < until <= now + LONGEST_MUTE:
        raise ConfigurationError(
            f"incident #{number} cannot be muted until"
            f" {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            step=f"name a moment after {now:%Y-%m-%d %H:%M} UTC, and no more than"
            f" {LONGEST_MUTE.days} days after it",
        )
    # SQLite keeps no time zone, so all that is kept is in UTC.
    values = {"muted_until": until.astimezone(UTC), "muted_by": _name(who)}
    if not _change(connection, number, values):
        raise _not_open(number)


def unmute_incident(connection: Connection, number: int) -> None:
    """Have an incident told as any other again, before its mute is over.

    Args:
        connection: With an open transaction.
        number: The incident's.

    Raises:
        ConfigurationError: None with that number is open, or it is not muted.
    """
    # One that is over is left to the sender, which wakes somebody then.
    is_muted = incidents_table.c.muted_until > database_time(connection.engine)
    values = {"muted_until": None, "muted_by": None}
    if _change(connection, number, values, is_muted):
        return
    _column_of_open(connection, number, incidents_table.c.muted_by)
    raise ConfigurationError(
        f"incident #{number} is not muted", step="see `shardline incidents list`"
    )


def close_incident(connection: Connection, number: int) -> None:
    """Write that someone has seen to an incident: nothing more is told of it.

    Args:
        connection: With an open transaction.
        number: The incident's.

    Raises:
        ConfigurationError: None with that number is open.
    """
    now = datetime.now(UTC)
    if not _change(connection, number, {"closed": now, "settled": now}):
        raise _not_open(number)


def end_mutes(lease: Lease) -> None:
    """Forget the mutes whose time has come.

    What was shown of those incidents is forgotten as well: they are told by a message
    of their own, since an edited one would wake nobody. That something was shown is
    remembered, so that the end of one that recovers before that is told, too.

    Raises:
        LeaseLostError: Another sender has taken over.
        ShardlineError: The ETL database cannot be used.
    """
    shown = incidents_table.c.shown_partitions
    with lease.held() as connection:
        connection.execute(
            update(incidents_table)
            .where(mute_is_over(lease.engine))
            .values(
                muted_until=None,
                muted_by=None,
                handled=incidents_table.c.handled + 1,
                receipts=NO_RECEIPTS,
                shown_partitions=case((shown.is_(None), null()), else_=0),
            )
        )


def handled_incidents(
    engine: Engine, subjects: Iterable[str], first: date, last: date
) -> list[HandledIncident]:
    """The open incidents of some days that somebody acknowledged or muted, by number.

    Args:
        engine: The ETL database.
        subjects: Of which tables.
        first: From which day on.
        last: To which day.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    is_muted = incidents_table.c.muted_until > database_time(engine)
    handled = select(*incident_columns(engine)).where(
        incidents_table.c.closed.is_(None),
        or_(incidents_table.c.acknowledged.is_not(None), is_muted),
    )
    in_turn = handled.order_by(incidents_table.c.number)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        found = [Incident.of(row) for row in connection.execute(in_turn).mappings()]
        numbers = [incident.number for incident in found]
        parts = _days_of(connection, numbers, list(subjects), first, last)
    return [HandledIncident(x, parts[x.number]) for x in found if x.number in parts]


def _days_of(
    connection: Connection,
    numbers: list[int],
    subjects: list[str],
    first: date,
    last: date,
) -> dict[int, frozenset[ShardDay]]:
    """Which of some days failed of which incidents."""
    its = alerts_table.c
    query = select(its.incident, its.subject, its.shard, its.day).where(
        its.incident.in_(numbers),
        its.subject.in_(subjects),
        its.day.between(first, last),
    )
    found: dict[int, set[ShardDay]] = defaultdict(set)
    for number, subject, shard, day in connection.execute(query):
        found[number].add((subject, shard, day))
    return {number: frozenset(days) for number, days in found.items()}


def _change(
    connection: Connection,
    number: int,
    values: Mapping[str, object],
    *conditions: ColumnElement[bool],
) -> bool:
    """Change an incident that is open, under conditions; whether there was one."""
    change = update(incidents_table).where(
        incidents_table.c.number == number,
        incidents_table.c.closed.is_(None),
        *conditions,
    )
    handled = incidents_table.c.handled + 1
    return connection.execute(change.values(handled=handled, **values)).rowcount == 1


def _column_of_open(
    connection: Connection, number: int, column: ColumnElement[str | None]
) -> str | None:
    """What an incident says that is open.

    Raises:
        ConfigurationError: None with that number is.
    """
    query = select(column).where(
        incidents_table.c.number == number, incidents_table.c.closed.is_(None)
    )
    row = connection.execute(query).first()
    if row is None:
        raise _not_open(number)
    found: str | None = row[0]
    return found


def _not_open(number: int) -> ConfigurationError:
    return ConfigurationError(
        f"no incident #{number} is open", step="see `shardline incidents list`"
    )


def _name(who: str) -> str:
    return cut_line(one_line(who), LONGEST_NAME)
