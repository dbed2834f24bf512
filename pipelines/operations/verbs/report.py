"""`report`: what the reports of a day say, as figures, pictures and files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from pydantic import Field

from pipelines import mail  # its parts are imported when a report is asked for
from pipelines.catalog import Report
from pipelines.config import Settings
from pipelines.errors import PermanentError
from pipelines.load import ask_warehouse
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments, Day
from pipelines.operations.verb import Answer, Context, File, Look
from pipelines.operations.verbs.refresh import Reports
from pipelines.planning import name_some
from pipelines.reporting import rows_statement
from pipelines.warehouse import MissingRelationError

MOST_ROWS = 50_000
"""Of a report's day, that go into a file."""

COLUMNS = ("report", "rows", "label", "figure", "change")


class ReportArguments(Arguments):
    """Which reports of which day."""

    reports: Reports = Field(
        default=(),
        description="Reports, by name, whose rows are files, too; all without.",
    )
    date: Day = Field(description="The day.")


def _answer(context: Context, arguments: ReportArguments) -> Answer:
    settings, day = context.settings(), arguments.date
    named = [settings.report(name) for name in arguments.reports]
    found = _figures(settings, day)
    titles = {report.title for report in named or settings.report_entries.values()}
    rows = [row for row in _rows(found) if row[0] in titles]
    names = {report.name for report in named or settings.report_entries.values()}
    pictures = [
        File(f"{name}-{day}.png", "image/png", png)
        for name, png in mail.draw_plots(found).items()
        if name in names
    ]
    files = [_file(settings, report, day) for report in named]
    return Answer(
        lines=tuple(_missing(found, named or settings.report_entries.values())),
        heads=("report", "rows", "what", "figure", "change on the day before"),
        rows=rows,
        files=(*pictures, *files),
        data=[dict(zip(COLUMNS, row, strict=True)) for row in rows],
    )


def _rows(found: mail.Figures) -> Iterator[tuple[str, ...]]:
    for row in found.summary.itertuples(index=False):
        yield tuple(str(value) for value in row)


def _figures(settings: Settings, day: date) -> mail.Figures:
    """What the mail tells of a day.

    Raises:
        PermanentError: No report was ever made.
    """
    try:
        return mail.read_figures(settings, day)
    except MissingRelationError as error:
        raise PermanentError(
            "there are no reports in the warehouse yet",
            step=f"make them by `shardline refresh --date {day}`",
        ) from error


def _missing(found: mail.Figures, reports: Iterable[Report]) -> Iterator[str]:
    """What is not loaded of what the reports are made of."""
    needed = {table for report in reports for table in report.tables}
    for table in sorted(needed):
        shards = [shard for name, shard in found.missing if name == table]
        if shards:
            lacking = f"{table} of {name_some(shards)}"
            yield f"not in the reports, since it is not loaded: {lacking}"


def _file(settings: Settings, report: Report, day: date) -> File:
    """The rows of a report's day as CSV.

    Raises:
        PermanentError: There are too many.
    """
    statement = rows_statement(report, day, MOST_ROWS + 1)
    rows = ask_warehouse(lambda link: link.query(statement), settings)
    if len(rows) > MOST_ROWS:
        raise PermanentError(
            f"{report.name} has more than {MOST_ROWS:,} rows of {day}",
            step="read it from the warehouse",
        )
    heads = [column.name for column in report.columns]
    return File(f"{report.name}-{day}.csv", "text/csv", _csv(heads, rows))


def _csv(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


REPORT = Look(
    name="report",
    summary="Show the figures of a day's reports, with pictures and files.",
    capability=Capability.LOOK,
    arguments=ReportArguments,
    example="city_orders 2019-03-14",
    is_slow=True,
    run=_answer,
)
