"""The status as a chat gets it: an overview, and what is unwell folded below it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipelines.bot import Dialogue, Message, Reply, reply_lines
from pipelines.bot.messages import read_reply, write_reply
from pipelines.config import Settings
from pipelines.etl_db import etl_engine, sessions_table
from pipelines.operations import Role, Section
from tests.kit.filed_alerts import options
from tests.kit.operations import somebody, telegram
from tests.kit.project import Project

ANNA, CHAT = 1, "telegram:-1001"
DAYS = "1990-01-01..1990-01-14"


@pytest.fixture
def settings(project: Project, etl_database: str) -> Settings:
    return options(etl_database, project.warehouse)


@pytest.fixture
def engine(settings: Settings) -> Engine:
    return etl_engine(settings.sessions.database)


def status(settings: Settings, engine: Engine, words: str) -> Reply:
    """What is answered of the packaged catalog's 150 shards."""
    somebody(engine, "Anna", ANNA, Role.VIEWER)
    dialogue = Dialogue(engine, lambda: settings)
    return dialogue.reply_to(Message(telegram(ANNA), CHAT, f"status {words}"))


def fail(engine: Engine, cells: Iterable[tuple[str, date]]) -> None:
    """Attempts of which nothing came, at days of shards."""
    row = {
        "task_name": "LoadOrdersShard",
        "target_table": "stage.orders",
        "attempt": 1,
        "host": "here",
        "pid": 1,
        "started": datetime(1990, 2, 1, tzinfo=UTC),
        "finished": datetime(1990, 2, 1, tzinfo=UTC),
        "outcome": "failed",
    }
    rows = [
        {**row, "id": at, "shard": shard, "day": day}
        for at, (shard, day) in enumerate(cells, 1)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(sessions_table), rows)


def test_150_shards_are_a_line_a_table_and_what_is_unwell_is_folded(
    settings: Settings, engine: Engine
) -> None:
    shards = list(settings.catalog.shards)
    fail(engine, [(name, date(1990, 1, 3)) for name in shards[:38]])
    reply = status(settings, engine, f"orders calls {DAYS}")
    orders, calls = reply.lines
    assert orders == "orders 1990-01-01 to 1990-01-14: 38 failed, 2,062 missing"
    assert calls == "calls 1990-01-01 to 1990-01-14: 2,100 missing"
    assert reply.rows == ()
    failed, missing, of_calls = reply.sections
    first = ", ".join(shards[:5])
    assert failed == Section(
        "orders: 38 failed, of 38 shards",
        ("days", "shards"),
        (("1990-01-03", f"{first} and 33 more"),),
    )
    assert missing.summary == "orders: 2,062 missing, of 150 shards"
    assert [days for days, _ in missing.rows] == [
        "1990-01-01 to 1990-01-02",
        "1990-01-03",
        "1990-01-04 to 1990-01-14",
    ]
    assert of_calls.rows == (("1990-01-01 to 1990-01-14", "all 150"),)
    assert len(json.dumps(write_reply(reply))) < 1_500


def test_days_that_all_differ_are_counted_beyond_some_rows(
    settings: Settings, engine: Engine
) -> None:
    shards = list(settings.catalog.shards)
    fail(engine, [(shards[at], date(1990, 1, 1 + 2 * at)) for at in range(14)])
    reply = status(settings, engine, "orders 1990-01-01..1990-01-30")
    failed, missing = reply.sections
    assert failed.summary == "orders: 14 failed, of 14 shards"
    assert (len(failed.rows), failed.rows[-1]) == (9, ("…", "and 6 more rows"))
    assert len(missing.rows) == 9


def test_a_reply_keeps_its_sections_and_a_terminal_shows_them_below() -> None:
    section = Section("orders: 2 failed", ("days", "shards"), (("2019-03-14", "a, b"),))
    reply = Reply(lines=("orders: 2 failed, 1 done",), sections=(section,))
    assert read_reply(write_reply(reply)) == reply
    assert list(reply_lines(reply)) == [
        "orders: 2 failed, 1 done",
        "orders: 2 failed:",
        "  days        shards",
        "  2019-03-14  a, b",
    ]
