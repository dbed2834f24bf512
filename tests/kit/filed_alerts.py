"""A channel that writes into a file, and what the tests of alerts share."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.alerts import (
    About,
    Event,
    Notice,
    Occasion,
    alert_for_error,
    append_alerts,
)
from pipelines.alerts.channel import Receipt
from pipelines.alerts.outbox import Alert
from pipelines.catalog import read_catalog
from pipelines.config import (
    CatalogFiles,
    LoadOptions,
    SessionsOptions,
    Settings,
    Warehouse,
)
from pipelines.config.sections import AlertsOptions
from pipelines.errors import TransientError
from pipelines.etl_db import etl_engine, new_id, sender_table

FILE = "FILED_ALERTS"
NIGHT = datetime(2019, 3, 15, 2, 14, tzinfo=UTC)
DAY = date(2019, 3, 14)
NOWHERE = Warehouse(host="127.0.0.1", port=1)


@dataclass
class FileChannel:
    """Each message is a line; an edit has the reference of the line before."""

    path: Path
    name: str = "file"

    def deliver(
        self,
        notice: Notice,
        before: Receipt | None,
        deadline: float,  # noqa: ARG002 - a file is never slow
    ) -> Receipt:
        edited = before and not notice.recovered
        reference = before.reference if before and edited else uuid.uuid4().hex
        line = {**asdict(notice), "reference": reference, "edit": bool(edited)}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        return Receipt(reference)

    def lines(self) -> list[dict[str, object]]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def chat(self) -> list[str]:
        """The messages as they stand, edited ones in their last form."""
        messages = {line["reference"]: line for line in self.lines()}
        return [f"#{one['number']} {one['headline']}" for one in messages.values()]


def channel() -> FileChannel:
    """What `[alerts] channels = tests.kit.filed_alerts:channel` makes."""
    return FileChannel(Path(os.environ[FILE]))


@dataclass
class Scripted:
    """Answers with errors as told, and takes what comes after them."""

    name: str
    answers: list[Exception] = field(default_factory=list)
    taken: list[tuple[Notice, Receipt | None]] = field(default_factory=list)

    def deliver(
        self,
        notice: Notice,
        before: Receipt | None,
        deadline: float,  # noqa: ARG002 - it answers at once
    ) -> Receipt:
        if self.answers:
            raise self.answers.pop(0)
        self.taken.append((notice, before))
        return Receipt(f"{self.name} {len(self.taken)}")


def options(
    etl_database: str, warehouse: Warehouse = NOWHERE, **alerts: float
) -> Settings:
    """Settings with the packaged catalog: three tables and 150 shards."""
    files = CatalogFiles()
    return Settings(
        warehouse=warehouse,
        load=LoadOptions(),
        sessions=SessionsOptions(database=SecretStr(etl_database)),
        alerts=AlertsOptions.model_validate({"throttle": 0, **alerts}),
        servers={},
        catalog=read_catalog(files.tables, files.shards),
    )


def failed(
    settings: Settings,
    shard: str | None,
    cause: str = "the server is away",
    *,
    day: date = DAY,
    happened: datetime = NIGHT,
    family: str = "LoadOrders",
    held: timedelta = timedelta(0),
) -> Alert:
    about = About(family, f"{family}_{day}_{shard}", "orders", day, shard, "mend it")
    occasion = Occasion(Event.FAILURE, run=7, held=held, happened=happened)
    error = TransientError(cause, step="look", code="20009")
    return alert_for_error(error, about, occasion, settings.catalog)


def append(settings: Settings, *rows: Alert) -> None:
    append_alerts(etl_engine(settings.sessions.database), rows)


def many(alert: Alert, count: int) -> list[Alert]:
    """As many failures that differ in their days only."""
    return [
        replace(alert, id=new_id(), day=DAY + timedelta(days=at)) for at in range(count)
    ]


def expire_lease(engine: sa.Engine) -> None:
    """What passing time does to the lease of a sender that died."""
    past = datetime(2000, 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        connection.execute(sa.update(sender_table).values(expires=past))
