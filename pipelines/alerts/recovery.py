"""An incident ends when all that failed is in the warehouse, whoever put it there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Engine, false, func, select

from pipelines.alerts.incidents import UNUSABLE, close_incidents, leave_out
from pipelines.alerts.outbox import Alert
from pipelines.alerts.sender_lease import Lease
from pipelines.catalog import Table
from pipelines.config import Settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import (
    alerts_table,
    as_utc,
    etl_db_errors,
    incidents_table,
    session_starts,
)
from pipelines.mail import SUBJECT, is_report_mail_sent
from pipelines.reporting import is_fresh
from pipelines.warehouse import Marker, SourceDay, cached_markers

FAR_APART = timedelta(days=31)
"""Days with more between them are asked for by a query of their own."""


@dataclass(frozen=True)
class Failed:
    """What failed: a shard's day, a table's day, a table, or nothing that is marked.

    Attributes:
        id: Its number in the outbox.
        task_id: The task, as Luigi calls it.
        asked: When it was asked for although it had a marker; None if it had none.
        shown: Whether its incident was shown since it is a part of that.
    """

    id: int
    task_id: str
    subject: str | None
    day: date | None
    shard: str | None
    asked: datetime | None
    shown: bool


class Recovery:
    """Looks at the markers for what is mended, as long as they can be read.

    A task for a shard's day is mended when its marker is there, and if the day was to
    be replaced, when the marker is that of an attempt which began after that was asked
    for; one for a table's day, when the markers of all shards are; one for a table,
    when its tables are; one for a report's day, when the report is fresh; a mail, when
    it was sent. Of anything else nothing is known: it stays open until someone closes
    it.

    Attributes:
        unknown: Why it is not known what is mended, if it is not. What failed is told
            all the same: that may be one of its causes.
    """

    def __init__(self, lease: Lease, settings: Settings) -> None:
        """Have looked at nothing yet.

        Args:
            lease: The right to write down what is mended.
            settings: Where the markers are.
        """
        self.unknown = ""
        self._lease = lease
        self._settings = settings

    def mended(self, failed: Sequence[Alert | Failed]) -> set[int]:
        """The numbers of those that are mended, as far as that is known."""
        if self.unknown:
            return set()
        try:
            is_mended = _Mended(self._settings, self._lease.engine, failed)
            return {one.id for one in failed if is_mended(one)}
        except ShardlineError as error:
            self.unknown = str(error)
            return set()

    def close_recovered(self) -> None:
        """Close the incidents of which nothing is missing any more.

        What is mended of the others, and was not shown before that, is left out.

        Raises:
            LeaseLostError: Another sender has taken over.
            ShardlineError: The ETL database cannot be used.
        """
        is_open = incidents_table.c.closed.is_(None)
        failed = _failed(self._lease.engine, is_open)
        mended = self.mended([one for parts in failed.values() for one in parts])
        if not mended:
            return
        ended = []
        with self._lease.held() as connection:
            for number, parts in failed.items():
                if all(one.id in mended for one in parts):
                    ended.append(number)
                elif untold := [x.id for x in parts if x.id in mended and not x.shown]:
                    leave_out(connection, untold, number)
            close_incidents(connection, ended)


def failed_parts(engine: Engine, number: int) -> list[Failed]:
    """What failed of an incident, as long as the outbox keeps it.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    return _failed(engine, incidents_table.c.number == number).get(number, [])


def lacking_parts(
    engine: Engine, settings: Settings, failed: Sequence[Failed]
) -> list[Failed]:
    """What of that is not mended, in that order.

    Raises:
        ShardlineError: The markers cannot be read, or the ETL database cannot be used.
    """
    is_mended = _Mended(settings, engine, failed)
    return [one for one in failed if not is_mended(one)]


def _failed(engine: Engine, which: ColumnElement[bool]) -> dict[int, list[Failed]]:
    """What failed of some incidents."""
    shown = func.coalesce(alerts_table.c.due <= incidents_table.c.shown, false())
    query = (
        select(
            incidents_table.c.number,
            alerts_table.c.id,
            alerts_table.c.task_id,
            alerts_table.c.subject,
            alerts_table.c.day,
            alerts_table.c.shard,
            alerts_table.c.asked,
            shown,
        )
        .join(alerts_table, alerts_table.c.incident == incidents_table.c.number)
        .where(which)
        .order_by(alerts_table.c.happened, alerts_table.c.id)
    )
    found: dict[int, list[Failed]] = defaultdict(list)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        for number, *row in connection.execute(query):
            id_, task, subject, day, shard, asked, told = row
            moment = as_utc(asked) if asked else None
            part = Failed(id_, task, subject, day, shard, moment, bool(told))
            found[number].append(part)
    return found


class _Mended:
    """Tells what is mended, from one query a table, or few where days are far apart.

    The ETL database is asked once when the attempts began whose markers are there.
    """

    def __init__(
        self, settings: Settings, engine: Engine, failed: Sequence[Alert | Failed]
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._markers = cached_markers(settings.warehouse)
        self._present: dict[str, dict[SourceDay, Marker]] = {}
        self._known: dict[tuple[object, ...], bool] = {}
        days: dict[str, set[date]] = defaultdict(set)
        for one in failed:
            if one.subject in settings.catalog.tables and one.day:
                days[one.subject].add(one.day)
        for name, wanted in days.items():
            self._present[name] = self._days(settings.catalog.tables[name], wanted)
        again = [marker for one in failed if one.asked for marker in self._found(one)]
        ids = {marker.etl_id for marker in again if marker}
        self._started = session_starts(engine, ids)

    def __call__(self, failed: Alert | Failed) -> bool:
        key = (failed.subject, failed.day, failed.shard, failed.asked)
        if key not in self._known:
            self._known[key] = self._is_mended(failed)
        return self._known[key]

    def _is_mended(self, failed: Alert | Failed) -> bool:
        table = self._settings.catalog.tables.get(failed.subject or "")
        if table is None:
            return failed.day is not None and self._is_recorded(
                failed.subject, failed.day
            )
        if failed.day is None:
            return failed.shard is None and self._markers.has_table(table)
        return all(self._ends(failed, marker) for marker in self._found(failed))

    def _found(self, failed: Alert | Failed) -> list[Marker | None]:
        """The markers of the day of a table, one a shard it failed for."""
        present = self._present.get(failed.subject or "")
        if present is None or failed.day is None:
            return []
        shards = [failed.shard] if failed.shard else self._settings.catalog.shards
        return [present.get((failed.day, shard)) for shard in shards]

    def _ends(self, failed: Alert | Failed, marker: Marker | None) -> bool:
        """Whether a marker is of what was asked for, and not of what was to go."""
        if marker is None or failed.asked is None:
            return marker is not None
        started = self._started.get(marker.etl_id)
        return started is not None and started >= failed.asked

    def _is_recorded(self, subject: str | None, day: date) -> bool:
        """Of a report or a mail, whether it is there."""
        if subject == SUBJECT:
            return is_report_mail_sent(self._engine, day)
        report = self._settings.report_entries.get(subject or "")
        return report is not None and is_fresh(self._settings, report, day)

    def _days(self, table: Table, wanted: set[date]) -> dict[SourceDay, Marker]:
        present: dict[SourceDay, Marker] = {}
        for first, last in _stretches(sorted(wanted)):
            present.update(self._markers.markers(table, first, last))
        return present


def _stretches(days: Sequence[date]) -> list[tuple[date, date]]:
    """The first and the last of days that are not far apart."""
    stretches: list[tuple[date, date]] = []
    for day in days:
        if stretches and day - stretches[-1][1] <= FAR_APART:
            stretches[-1] = (stretches[-1][0], day)
        else:
            stretches.append((day, day))
    return stretches
