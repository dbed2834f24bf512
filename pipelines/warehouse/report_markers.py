"""Report markers: from what each report was refreshed last, for each day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pipelines.report_entries import Report
from pipelines.report_sql import quoted
from pipelines.settings import Settings
from pipelines.templates import Dialect, render
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.faults import MissingRelationError
from pipelines.warehouse.markers import Marker, Markers
from pipelines.warehouse.memo import memo


@dataclass(frozen=True)
class Inputs:
    """What of a day is in the warehouse for a report.

    Attributes:
        markers: The markers of the day, by table and shard.
        missing: Tables and shards of the catalog without a marker, sorted.
    """

    markers: Mapping[tuple[str, str], Marker]
    missing: tuple[tuple[str, str], ...]

    @property
    def fingerprint(self) -> str:
        """Tells these markers from any others: SHA-256, 64 hexadecimal digits."""
        lines = [
            [*key, marker.etl_id, marker.rows, marker.checksum]
            for key, marker in sorted(self.markers.items())
        ]
        return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


@dataclass(frozen=True)
class ReportMarker:
    """What a report was refreshed from.

    Attributes:
        etl_id: The session that did it.
        fingerprint: Of its `Inputs`.
        missing: How many markers were missing.
        rows: How many rows the report got, those of all days.
    """

    etl_id: int
    fingerprint: str
    missing: int
    rows: int


def inputs(
    connection: Connection, settings: Settings, tables: Iterable[str], day: date
) -> Inputs:
    """What of a day is loaded of some tables, as the open transaction sees it."""
    markers = Markers(connection, settings.warehouse.markers)
    found: dict[tuple[str, str], Marker] = {}
    for name in tables:
        loaded = markers.of_days(settings.catalog.table(name), day, day)
        found |= {(name, shard): marker for (_, shard), marker in loaded.items()}
    wanted = {(name, shard) for name in tables for shard in settings.catalog.shards}
    return Inputs(found, tuple(sorted(wanted - found.keys())))


def is_fresh(
    settings: Settings, report: Report, day: date, allow_missing: int | None = None
) -> bool:
    """Whether a report was refreshed from what is loaded of a day now.

    Args:
        settings: All options.
        report: The report.
        day: The day.
        allow_missing: How many loads may be missing; any number if None.

    Raises:
        TransientError: The warehouse cannot be asked now.
    """
    marker, found = memo(settings.warehouse).ask(
        lambda link: _state(link, settings, report, day)
    )
    enough = allow_missing is None or len(found.missing) <= allow_missing
    return marker is not None and marker.fingerprint == found.fingerprint and enough


def _state(
    connection: Connection, settings: Settings, report: Report, day: date
) -> tuple[ReportMarker | None, Inputs]:
    """A report's marker and what is loaded; nothing where the tables are not made."""
    try:
        found = inputs(connection, settings, report.tables, day)
        return ReportMarkers(connection, settings).find(report.name, day), found
    except MissingRelationError:
        return None, Inputs({}, ())


class ReportMarkers:
    """The table of report markers, seen through one connection."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        """Use the table that ``[reports]`` names."""
        self._connection = connection
        self._markers = quoted(settings.reports.markers)

    def find(self, report: str, day: date) -> ReportMarker | None:
        """A report's marker of a day, if there is one."""
        rows = self._query("select_report_marker", report=report, day=day)
        if not rows:
            return None
        etl_id, fingerprint, missing, count = rows[0]
        return ReportMarker(
            int(str(etl_id)), str(fingerprint), int(str(missing)), int(str(count))
        )

    def replace(self, report: str, day: date, marker: ReportMarker) -> None:
        """Put a marker in the place of an older one, in the open transaction.

        Raises:
            DuplicateKeyError: Another transaction has put its own there meanwhile.
        """
        self._query("delete_report_marker", report=report, day=day)
        self._query(
            "insert_report_marker",
            report=report,
            day=day,
            etl_id=marker.etl_id,
            fingerprint=marker.fingerprint,
            missing=marker.missing,
            rows=marker.rows,
        )

    def _query(self, template: str, **values: object) -> list[list[object]]:
        sql = render(template, Dialect.VERTICA, markers=self._markers, **values)
        return self._connection.query(sql)
