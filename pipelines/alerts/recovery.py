"""An incident ends when all that failed is in the warehouse, whoever put it there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, select

from pipelines.alerts.incidents import UNUSABLE, close_incidents
from pipelines.alerts.sender_lease import Lease
from pipelines.catalog import Table
from pipelines.config import Settings
from pipelines.etl_db import (
    alerts_table,
    as_utc,
    etl_db_errors,
    has_begun_since,
    incidents_table,
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
        asked: When it was asked for although it had a marker; None if it had none.
    """

    subject: str | None
    day: date | None
    shard: str | None
    asked: datetime | None


def close_recovered(lease: Lease, settings: Settings) -> None:
    """Close the incidents of which nothing is missing any more.

    A task for a shard's day is mended when its marker is there, and if the day was to
    be replaced, when the marker is that of an attempt which began after that was asked
    for; one for a table's day, when the markers of all shards are; one for a table,
    when its tables are; one for a report's day, when the report is fresh; a mail, when
    it was sent. Of anything else nothing is known: it stays open until someone closes
    it.

    Args:
        lease: The right to write it down.
        settings: Where the markers are.

    Raises:
        LeaseLostError: Another sender has taken over.
        ShardlineError: The warehouse or the ETL database cannot be asked.
    """
    failed = _open(lease)
    if not failed:
        return
    those = [one for of_one in failed.values() for one in of_one]
    mended = _Mended(settings, lease.engine, those)
    ended = [number for number, parts in failed.items() if all(map(mended, parts))]
    if ended:
        with lease.held() as connection:
            close_incidents(connection, ended)


def _open(lease: Lease) -> dict[int, list[Failed]]:
    """What failed of each open incident."""
    query = (
        select(
            incidents_table.c.number,
            alerts_table.c.subject,
            alerts_table.c.day,
            alerts_table.c.shard,
            alerts_table.c.asked,
        )
        .join(alerts_table, alerts_table.c.incident == incidents_table.c.number)
        .where(incidents_table.c.closed.is_(None))
        .distinct()
    )
    found: dict[int, list[Failed]] = defaultdict(list)
    with etl_db_errors(UNUSABLE), lease.engine.connect() as connection:
        for number, subject, day, shard, asked in connection.execute(query):
            moment = as_utc(asked) if asked else None
            found[number].append(Failed(subject, day, shard, moment))
    return found


class _Mended:
    """Tells what is mended, from one query a table, or few where days are far apart."""

    def __init__(
        self, settings: Settings, engine: Engine, failed: Sequence[Failed]
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._markers = cached_markers(settings.warehouse)
        self._present: dict[str, dict[SourceDay, Marker]] = {}
        days: dict[str, set[date]] = defaultdict(set)
        for one in failed:
            if one.subject in settings.catalog.tables and one.day:
                days[one.subject].add(one.day)
        for name, wanted in days.items():
            self._present[name] = self._days(settings.catalog.tables[name], wanted)

    def __call__(self, failed: Failed) -> bool:
        table = self._settings.catalog.tables.get(failed.subject or "")
        if table is None:
            return failed.day is not None and self._is_recorded(
                failed.subject, failed.day
            )
        if failed.day is None:
            return failed.shard is None and self._markers.has_table(table)
        shards = [failed.shard] if failed.shard else list(self._settings.catalog.shards)
        present = self._present[table.name]
        return all(
            self._ends(failed, present.get((failed.day, shard))) for shard in shards
        )

    def _ends(self, failed: Failed, marker: Marker | None) -> bool:
        """Whether a marker is of what was asked for, and not of what was to go."""
        if marker is None or failed.asked is None:
            return marker is not None
        return has_begun_since(self._engine, marker.etl_id, failed.asked)

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
