"""A project with the packaged tables and reports, in a schema of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from pipelines.config import CatalogFiles
from tests.kit.commands import Process
from tests.kit.project import ORDERS_DDL, Project, Result, insert, orders, write_whole

FILES = CatalogFiles()
BY_TABLE = {
    "orders": ("city_orders", "daily_orders", "order_duration"),
    "calls": ("client_calls",),
    "rates": ("client_rates",),
}
REPORTS = tuple(name for names in BY_TABLE.values() for name in names)
CALLS_DDL = (
    "CREATE TABLE dbo.Calls (id bigint NOT NULL PRIMARY KEY,"
    " started datetime2 NOT NULL, order_id bigint NULL, duration_s int NOT NULL,"
    " answered bit NOT NULL)"
)
RATES_DDL = (
    "CREATE TABLE dbo.Rates (id bigint NOT NULL PRIMARY KEY,"
    " rated datetime2 NOT NULL, order_id bigint NOT NULL, score tinyint NOT NULL,"
    " comment nvarchar(400) NULL)"
)


def numbered(at: int) -> str:
    """The days of a year, from its first on."""
    return str(date(2018, 1, 1) + timedelta(days=at))


def in_own_schema(packaged: Path) -> str:
    text = packaged.read_text(encoding="utf-8")
    return text.replace('"stage.', '"{schema}.').replace('"reports.', '"{schema}.')


@dataclass
class Reporting(Project):
    """A project whose tables, reports and notes of them are in one schema.

    Attributes:
        reports: The file of reports, with `{schema}` where the schema belongs.
    """

    tables: str = field(default_factory=lambda: in_own_schema(FILES.tables))
    reports: str = field(default_factory=lambda: in_own_schema(FILES.reports))

    def write(self) -> Path:
        path = self.folder / "reports.toml"
        text = self.reports.replace("{schema}", self.schema)
        write_whole(path, text)
        self.options.setdefault("catalog", {})["reports"] = str(path)
        self.options.setdefault("reports", {}).update(
            markers=f"{self.schema}.report_markers", views=f"{self.schema}.report_views"
        )
        return super().write()

    def add_tables(self, shard: str = "") -> str:
        """Add a shard with all three tables."""
        shard = self.add_shard(shard, ddl="")
        for ddl in (ORDERS_DDL, CALLS_DDL, RATES_DDL):
            self.on_shard(shard, ddl)
        return shard

    def fill(self, shard: str, day: str, rows: int, first: int) -> None:
        """Put as many rows of a day into each of a shard's tables.

        Args:
            shard: The shard.
            day: The day.
            rows: How many.
            first: The first of their ids.
        """
        insert(self, shard, orders(rows, day, first))
        at = [(first + one, f"{day}T{one % 24:02}:30:00") for one in range(rows)]
        calls = (
            f"({id_}, '{moment}', {id_}, {id_ % 90}, {id_ % 3 and 1})"
            for id_, moment in at
        )
        rates = (
            f"({id_}, '{moment}', {id_}, {1 + id_ % 5}, NULL)" for id_, moment in at
        )
        self.on_shard(shard, f"INSERT INTO dbo.Calls VALUES {', '.join(calls)}")
        self.on_shard(shard, f"INSERT INTO dbo.Rates VALUES {', '.join(rates)}")

    def start_refresh(self, day: str, *more: str, paused: bool = False) -> Process:
        """Start `shardline refresh` without its mail."""
        words = ("shardline", "refresh", "--date", day, "--no-mail", *more)
        return self.start(*words, paused=paused)

    def refresh(self, day: str, *more: str) -> Result:
        """`shardline refresh` without its mail."""
        return self.run("shardline", "refresh", "--date", day, "--no-mail", *more)

    def report(self, name: str) -> list[list[object]]:
        """All rows of a report, in order."""
        return self.on_warehouse(f"SELECT * FROM {self.schema}.{name} ORDER BY 1, 2")

    def days(self, name: str) -> set[str]:
        """The days that a report has rows of."""
        return {str(row[0]) for row in self.report(name)}

    def forget(self, table: str, shard: str, day: str) -> None:
        """Take a shard's day out of the warehouse, so that it is loaded anew."""
        column = {"orders": "start_time", "calls": "started", "rates": "rated"}[table]
        target = f"{self.schema}.{table}"
        self.on_warehouse(
            f"DELETE FROM {target} WHERE etl_source = '{shard}'"
            f" AND {column}::DATE = '{day}'"
        )
        self.on_warehouse(
            f"DELETE FROM stage.markers WHERE target_table = '{target}'"
            f" AND source = '{shard}' AND day = '{day}'"
        )


def refreshed(count: int, *, fresh: int = 0, stale: Sequence[str] = ()) -> str:
    """What `shardline refresh` tells of a day, after its date."""
    which = f" ({', '.join(stale)})" if stale else ""
    return f"{count} refreshed, {fresh} fresh already, {len(stale)} stale{which}"
