"""What people do about an incident: acknowledge, mute, close it.

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
    delete,
    null,
    or_,
    select,
    tuple_,
    update,
)

from pipelines.alerts.incidents import (
    UNUSABLE,
    VARIOUS,
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
    subscriber_receipts_table,
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

    A mute is of a cause in a row of nights: all incidents of that row have it, and one
    that is added inherits it.

    Args:
        connection: With an open transaction.
        number: The incident's.
        who: Who wishes so.
        until: Until when, with its time zone: at most `LONGEST_MUTE` from now, by the
            ETL database's clock.

    Raises:
        ConfigurationError: None with that number is open, it takes in what has many
            causes, or that is no such moment.
    """
    now = as_utc(connection.scalars(select(database_time(connection.engine))).one())
    if not now < until <= now + LONGEST_MUTE:
        raise ConfigurationError(
            f"incident #{number} cannot be muted until"
            f" {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            step=f"name a moment after {now:%Y-%m-%d %H:%M} UTC, and no more than"
            f" {LONGEST_MUTE.days} days after it",
        )
    fingerprint = _column_of_open(connection, number, incidents_table.c.fingerprint)
    if fingerprint == VARIOUS:
        raise ConfigurationError(
            f"incident #{number} is of many causes: to mute it would also silence those"
            " that nobody has seen yet",
            step="acknowledge it, or mute incidents of one cause",
        )
    # SQLite keeps no time zone, so all that is kept is in UTC.
    values = {"muted_until": until.astimezone(UTC), "muted_by": _name(who)}
    _change_row(connection, number, values)


def unmute_incident(connection: Connection, number: int) -> None:
    """Have an incident, and its row of nights, told again before its mute is over.

    It may be over itself, since a mute outlasts that.

    Args:
        connection: With an open transaction.
        number: The incident's.

    Raises:
        ConfigurationError: None with that number is muted or open, or it is open and
            not muted.
    """
    # A mute that is over is left to the sender, which wakes somebody then.
    is_muted = select(incidents_table.c.number).where(
        incidents_table.c.number == number,
        incidents_table.c.muted_until > database_time(connection.engine),
    )
    if connection.scalar(is_muted) is None:
        _column_of_open(connection, number, incidents_table.c.muted_by)
        raise ConfigurationError(
            f"incident #{number} is not muted", step="see `shardline incidents list`"
        )
    _change_row(connection, number, {"muted_until": None, "muted_by": None})


def close_incident(connection: Connection, number: int) -> None:
    """Write that someone has seen to an incident: nothing more is told of it.

    Args:
        connection: With an open transaction.
        number: The incident's.

    Raises:
        ConfigurationError: None with that number is open.
    """
    now = database_time(connection.engine)
    if not _change(connection, number, {"closed": now, "settled": now}):
        raise _not_open(number)
    shown = subscriber_receipts_table
    connection.execute(delete(shown).where(shown.c.incident == number))


def end_mutes(lease: Lease) -> None:
    """Forget the mutes whose time has come.

    Those incidents are to be shown anew, by new messages, since an edited one would
    wake nobody. What has shown them until now is kept: if one recovers before that, its
    end is told there.

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
                showing=incidents_table.c.showing + 1,
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


def _change_row(
    connection: Connection, number: int, values: Mapping[str, object]
) -> None:
    """Change all incidents of the row of nights that one belongs to."""
    its = incidents_table.c
    one = incidents_table.alias().c
    row = select(one.family, one.fingerprint, one.running_since)
    is_of_row = tuple_(its.family, its.fingerprint, its.running_since).in_(
        row.where(one.number == number)
    )
    change = update(incidents_table).where(is_of_row)
    connection.execute(change.values(handled=its.handled + 1, **values))


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
