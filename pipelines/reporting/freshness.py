"""Report markers: from what each report was refreshed last, for each day.

A report is fresh for a day while its marker has the fingerprint of what it would be
made from now: its own SQL, and the day's markers of the tables that it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pipelines.catalog import Report
from pipelines.config import Settings
from pipelines.errors import ConfigurationError
from pipelines.reporting import statements
from pipelines.reporting.statements import quoted_name
from pipelines.sql import Dialect, render
from pipelines.warehouse import (
    Connection,
    Marker,
    Markers,
    MissingRelationError,
    cached_markers,
    connect_warehouse,
)


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
    def absent(self) -> frozenset[str]:
        """The shards of which anything is missing."""
        return frozenset(shard for _, shard in self.missing)


@dataclass(frozen=True)
class ReportMarker:
    """What a report was refreshed from.

    Attributes:
        etl_id: The session that did it.
        fingerprint: Of its definition and its `Inputs`.
        missing: How many loads were missing.
        rows: How many rows the report got, those of all days.
    """

    etl_id: int
    fingerprint: str
    missing: int
    rows: int


def read_inputs(
    connection: Connection, settings: Settings, tables: Iterable[str], day: date
) -> Inputs:
    """What of a day is loaded of some tables, as the open transaction sees it."""
    markers = Markers(connection, settings.warehouse.markers)
    found: dict[tuple[str, str], Marker] = {}
    for name in tables:
        loaded = markers.of_days(settings.catalog.table(name), day, day)
        found |= {(name, shard): marker for (_, shard), marker in loaded.items()}
    return _of(found, settings, tables)


def _of(
    found: Mapping[tuple[str, str], Marker], settings: Settings, tables: Iterable[str]
) -> Inputs:
    wanted = {(name, shard) for name in tables for shard in settings.catalog.shards}
    return Inputs(found, tuple(sorted(wanted - found.keys())))


def current_inputs(settings: Settings, report: Report, day: date) -> Inputs:
    """What of a day is loaded for a report.

    Raises:
        TransientError: The warehouse cannot be asked now.
    """
    return cached_markers(settings.warehouse).ask(
        lambda link: _loaded(link, settings, report, day)
    )


def report_fingerprint(definition: str, found: Inputs) -> str:
    """Tells what a report is made from: SHA-256, 64 hexadecimal digits.

    Args:
        definition: `statements.definition` of the report.
        found: What of the day is loaded.
    """
    lines = [
        [*key, marker.etl_id, marker.rows, marker.checksum]
        for key, marker in sorted(found.markers.items())
    ]
    return statements.digest(json.dumps([definition, lines]))


def is_fresh(
    settings: Settings, report: Report, day: date, allow_missing: int | None = None
) -> bool:
    """Whether a report was refreshed from what is loaded of a day now.

    One whose template is wrong never is: what makes it tells what is wrong.

    Args:
        settings: All options.
        report: The report.
        day: The day.
        allow_missing: How many shards may be missing; any number if None.

    Raises:
        TransientError: The warehouse cannot be asked now.
    """
    try:
        definition = statements.definition(settings, report, day)
    except ConfigurationError:
        return False
    marker, found = cached_markers(settings.warehouse).ask(
        lambda link: _state(link, settings, report, day)
    )
    if marker is None or marker.fingerprint != report_fingerprint(definition, found):
        return False
    return allow_missing is None or len(found.absent) <= allow_missing


def find_report_marker(
    settings: Settings, report: Report, day: date
) -> ReportMarker | None:
    """A report's marker of a day, over a connection of its own."""
    with connect_warehouse(settings.warehouse) as connection:
        return ReportMarkers(connection, settings).find(report.name, day)


def _loaded(
    connection: Connection, settings: Settings, report: Report, day: date
) -> Inputs:
    """What of a day is loaded; nothing where the marker table is not made."""
    try:
        return read_inputs(connection, settings, report.tables, day)
    except MissingRelationError:
        return _of({}, settings, report.tables)


def _state(
    connection: Connection, settings: Settings, report: Report, day: date
) -> tuple[ReportMarker | None, Inputs]:
    """A report's marker and what is loaded; no marker where a table is not made."""
    found = _loaded(connection, settings, report, day)
    target = quoted_name(report.target)
    try:
        connection.query(render("look_at", Dialect.VERTICA, relation=target))
        return ReportMarkers(connection, settings).find(report.name, day), found
    except MissingRelationError:
        return None, found


class ReportMarkers:
    """The table of report markers, seen through one connection."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        """Use the table that ``[reports]`` names."""
        self._connection = connection
        self._markers = quoted_name(settings.reports.markers)

    def find(self, report: str, day: date) -> ReportMarker | None:
        """A report's marker of a day, if there is one."""
        sql = self._render("select_report_marker", report=report, day=day)
        rows = self._connection.query(sql, int, str, int, int)
        return ReportMarker(*rows[0]) if rows else None

    def replace(self, report: str, day: date, marker: ReportMarker) -> None:
        """Put a marker in the place of an older one, in the open transaction.

        Raises:
            DuplicateKeyError: Another transaction has put its own there meanwhile.
        """
        self._connection.query(
            self._render("delete_report_marker", report=report, day=day)
        )
        self._connection.query(
            self._render(
                "insert_report_marker",
                report=report,
                day=day,
                etl_id=marker.etl_id,
                fingerprint=marker.fingerprint,
                missing=marker.missing,
                rows=marker.rows,
            )
        )

    def _render(self, template: str, **values: object) -> str:
        return render(template, Dialect.VERTICA, markers=self._markers, **values)
