"""Reports as data: what each is made from, where it lands, what it is judged by.

They come from a TOML file, validated when it is read, every fault named at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pipelines.catalog.tables import (
    MAX_NAME_LENGTH,
    Table,
    catalog_changed,
    describe_faults,
    split_target,
)
from pipelines.errors import ConfigurationError

DAY_COLUMN = "day"
"""The column that every report has: the day that a row is about."""

LIVE = "_live"
"""What is added to a report's table for the name of its view."""

_TYPE = re.compile(
    r"(DATE|TIMESTAMP|TIMESTAMPTZ|BOOLEAN|INTEGER|FLOAT|UUID|VARCHAR\(\d+\)"
    r"|NUMERIC\(\d+, ?\d+\))"
)


def _format(pattern: str) -> str:
    try:
        format(1.0, pattern)
    except ValueError as error:
        raise ValueError(f"{pattern!r} formats no number: {error}") from None
    return pattern


def _columns(declared: object) -> object:
    if not isinstance(declared, Mapping):
        return declared
    wrong = [
        f"column {name!r}: {kind!r} is none of Vertica's types that a report may have"
        for name, kind in declared.items()
        if not _TYPE.fullmatch(str(kind))
    ]
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(
        ReportColumn(name=name, type=str(kind)) for name, kind in declared.items()
    )


class ReportColumn(BaseModel):
    """One column of a report.

    Attributes:
        name: Its name in the SELECT and in the table.
        type: Vertica's type.
    """

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)]
    type: str


class Headline(BaseModel):
    """The one figure of a report's day.

    Attributes:
        label: What it is.
        sql: An aggregate over the rows of the day.
        format: How Python formats it, such as ``,.0f`` or ``.1%``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Annotated[str, Field(min_length=1)]
    sql: Annotated[str, Field(min_length=1)]
    format: Annotated[str, AfterValidator(_format)]


class Report(BaseModel):
    """One report.

    Attributes:
        name: How it is called everywhere.
        title: What people read.
        tables: Names of the tables it is made from.
        target: Schema and table in the warehouse.
        template: Its SELECT: a file in `pipelines/sql/reports`.
        headline: Its one figure of a day.
        columns: What the SELECT answers, in its order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=MAX_NAME_LENGTH)
    ]
    title: Annotated[str, Field(min_length=1)]
    tables: Annotated[tuple[str, ...], Field(min_length=1)]
    target: Annotated[str, AfterValidator(split_target)]
    template: Path
    headline: Headline
    columns: Annotated[
        tuple[ReportColumn, ...], BeforeValidator(_columns), Field(min_length=1)
    ]

    @model_validator(mode="after")
    def _has_a_day(self) -> Report:
        if ReportColumn(name=DAY_COLUMN, type="DATE") in self.columns:
            return self
        raise ValueError(f'columns: {DAY_COLUMN} = "DATE" is not among them')


def read_reports(
    path: Path, tables: Mapping[str, Table], *, all_of_them: bool = True
) -> dict[str, Report]:
    """Read and validate the file of reports, again only if it has changed.

    Args:
        path: The TOML file.
        tables: The tables that there are.
        all_of_them: Whether a report of a table that there is not is a fault; else it
            is left out.

    Raises:
        ConfigurationError: It cannot be read, or anything in it is wrong; all faults
            are in its text.
    """
    reports = _read(path, catalog_changed(path))
    if not all_of_them:
        reports = {
            name: one for name, one in reports.items() if {*one.tables} <= {*tables}
        }
    faults = [
        f"{path.name} [{report.name}] tables: {name!r} is not in the catalog"
        for report in reports.values()
        for name in report.tables
        if name not in tables
    ]
    targets = {table.target.lower(): table.name for table in tables.values()}
    for report in reports.values():
        owner = targets.setdefault(report.target.lower(), report.name)
        if owner != report.name:
            faults.append(
                f"{path.name} [{report.name}] target: {report.target!r} is"
                f" [{owner}]'s too"
            )
    if faults:
        raise _wrong(faults)
    return reports


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> dict[str, Report]:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _wrong([f"{path.name}: {error}"]) from error
    reports: dict[str, Report] = {}
    faults: list[str] = []
    for name, entry in entries.items():
        where = f"{path.name} [{name}]"
        if not isinstance(entry, dict):
            faults.append(f"{where}: not a report's entry")
            continue
        own = {key: value for key, value in entry.items() if key != "sql"}
        template = _template(path, name, entry.get("sql"))
        try:
            report = Report.model_validate({**own, "name": name, "template": template})
        except ValidationError as error:
            faults += describe_faults(error, where)
            continue
        reports[name] = report
        if not template.is_file():
            faults.append(f"{where} sql: there is no file {template}")
    if faults:
        raise _wrong(faults)
    return reports


def _template(path: Path, name: str, sql: object) -> Path:
    if sql is not None:
        return path.parent / str(sql)
    return Path(str(files("pipelines").joinpath("sql", "reports", f"{name}.sql")))


def _wrong(faults: list[str]) -> ConfigurationError:
    return ConfigurationError(
        f"the file of reports is wrong: {'; '.join(faults)}", step="correct it"
    )
