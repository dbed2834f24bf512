"""A project with the packaged tables and reports, in a schema of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from project import Project

from pipelines.settings import CatalogFiles

FILES = CatalogFiles()
REPORTS = ("city_orders", "client_calls", "client_rates", "daily_orders")
REPORTS = (*REPORTS, "order_duration")
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


def packaged_tables() -> str:
    return FILES.tables.read_text(encoding="utf-8").replace('"stage.', '"{schema}.')


@dataclass
class Reporting(Project):
    """A project whose tables, reports and notes of them are in one schema."""

    tables: str = field(default_factory=packaged_tables)
    reports: str = FILES.reports.read_text(encoding="utf-8")

    def write(self) -> Path:
        path = self.folder / "reports.toml"
        own = self.reports.replace('"reports.', f'"{self.schema}.')
        path.write_text(own, encoding="utf-8")
        self.options.setdefault("catalog", {})["reports"] = str(path)
        self.options.setdefault("reports", {}).update(
            markers=f"{self.schema}.report_markers", views=f"{self.schema}.report_views"
        )
        return super().write()
