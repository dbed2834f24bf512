"""What the ETL database forgets, and what it keeps however old it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.etl_db import (
    Outcome,
    alerts_table,
    confirmations_table,
    etl_engine,
    incidents_table,
    invitations_table,
    prune,
    sessions_table,
)
from pipelines.planning import usual_loads

NOW = datetime.now(UTC)
KEEP = timedelta(days=400)
OLD = NOW - timedelta(days=401)
LATER = NOW - timedelta(days=399)
DAY = date(2019, 3, 14)
Statement = tuple[str, tuple[object, ...]]


@pytest.fixture
def engine(etl_database: str) -> Iterator[sa.Engine]:
    engine = etl_engine(SecretStr(etl_database))
    yield engine
    engine.dispose()


def session(number: int, started: datetime, **values: object) -> dict[str, object]:
    return {
        "id": number,
        "task_name": "task",
        "target_table": "stage.orders",
        "shard": "moscow",
        "day": DAY,
        "attempt": 1,
        "host": "h",
        "pid": 1,
        "started": started,
        "finished": started,
        "outcome": Outcome.LOADED.value,
        "loaded_rows": number,
        "comment": None,
    } | values


def incident(
    number: int, closed: datetime | None, **values: object
) -> dict[str, object]:
    moments = dict.fromkeys(("opened", "last_seen", "running_since"), OLD)
    texts = dict.fromkeys(("family", "fingerprint", "error", "code", "message"), "x")
    return {
        "number": number,
        **moments,
        **texts,
        "step": "",
        "partitions": 1,
        "receipts": "{}",
        "shown": None,
        "closed": closed,
        "settled": None,
    } | values


def failure(number: int, of: int | None, shard: str | None) -> dict[str, object]:
    texts = dict.fromkeys(("family", "task_id", "error", "code", "message"), "x")
    return {
        "id": number,
        "run": 1,
        "event": "failure",
        **texts,
        "subject": "orders",
        "day": DAY,
        "shard": shard,
        "step": "",
        "fingerprint": "x",
        "happened": OLD,
        "due": OLD,
        "incident": of,
    }


def fill(engine: sa.Engine, table: sa.Table, *rows: dict[str, object]) -> None:
    with engine.begin() as connection:
        connection.execute(sa.insert(table), rows)


def left(engine: sa.Engine, column: sa.Column[int]) -> list[int]:
    with engine.connect() as connection:
        return sorted(connection.scalars(sa.select(column)))


@contextmanager
def asked(engine: sa.Engine) -> Iterator[list[Statement]]:
    """The statements that are sent meanwhile, and their parameters."""
    statements: list[Statement] = []

    def note(
        _link: object, _cursor: object, sql: str, values: tuple[object, ...], *_: object
    ) -> None:
        statements.append((sql, values))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", note)


def plan(
    engine: sa.Engine, sql: str, parameters: tuple[object, ...]
) -> list[tuple[Any, ...]]:
    """How the database carries a statement out."""
    word = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"{word} {sql}", parameters)
        return [tuple(row) for row in found]


def test_attempts_that_are_old_are_forgotten(engine: sa.Engine) -> None:
    failed = {"outcome": Outcome.FAILED.value}
    fill(
        engine,
        sessions_table,
        session(1, OLD),
        session(2, OLD, **failed),
        session(3, OLD, target_table=None, shard=None, day=None),
        session(6, OLD, target_table="reports.daily", shard=None),
        session(4, LATER),
        session(5, LATER, **failed),
    )
    prune(engine, KEEP)
    assert left(engine, sessions_table.c.id) == [4, 5]


def test_more_than_a_batch_of_them_are_forgotten_at_once(engine: sa.Engine) -> None:
    lost = {"outcome": Outcome.LOST.value}
    fill(engine, sessions_table, *(session(at, OLD, **lost) for at in range(1, 2_502)))
    prune(engine, KEEP)
    assert left(engine, sessions_table.c.id) == []


def test_the_latest_load_of_each_shard_is_kept(engine: sa.Engine) -> None:
    earlier = OLD - timedelta(days=1)
    fill(
        engine,
        sessions_table,
        session(1, earlier),
        session(2, OLD, outcome=Outcome.SKIPPED.value),
        session(3, NOW, outcome=Outcome.FAILED.value),
        session(4, earlier, shard="kazan"),
        session(5, earlier, target_table="stage.calls"),
    )
    prune(engine, KEEP)
    assert left(engine, sessions_table.c.id) == [2, 3, 4, 5]


def test_what_is_open_is_kept(engine: sa.Engine) -> None:
    fill(engine, sessions_table, session(1, OLD, finished=None, outcome=None))
    fill(engine, incidents_table, incident(1, None), incident(2, None))
    prune(engine, KEEP)
    assert left(engine, sessions_table.c.id) == [1]
    assert left(engine, incidents_table.c.number) == [1, 2]


@pytest.mark.parametrize("of", [None, 1], ids=["ungrouped", "of an open incident"])
@pytest.mark.parametrize("shard", ["moscow", None])
def test_what_tells_of_a_day_whose_failure_is_not_over_is_kept(
    engine: sa.Engine, shard: str | None, of: int | None
) -> None:
    others = {"day": DAY + timedelta(days=1)}
    failed = {"outcome": Outcome.FAILED.value}
    fill(engine, sessions_table, session(1, OLD, **failed))
    fill(engine, sessions_table, session(2, OLD, **failed, **others))
    fill(engine, incidents_table, incident(1, None), incident(2, NOW))
    fill(engine, alerts_table, failure(1, of, shard))
    fill(engine, alerts_table, failure(2, 2, shard) | others)
    prune(engine, KEEP)
    assert left(engine, sessions_table.c.id) == [1]


def test_incidents_that_are_over_and_told_are_forgotten(engine: sa.Engine) -> None:
    told = {"shown": OLD, "settled": OLD}
    fill(
        engine,
        incidents_table,
        incident(1, OLD),
        incident(2, OLD) | told,
        incident(3, OLD, shown=OLD),
        incident(4, OLD) | told,
        incident(5, LATER) | told,
        incident(6, OLD) | told,
    )
    fill(engine, alerts_table, failure(1, 4, "moscow"))
    prune(engine, KEEP)
    # Of 3 nobody was told that it is over, 4 has failures, and 6 numbers the next one.
    assert left(engine, incidents_table.c.number) == [3, 4, 5, 6]


def test_what_goes_on_failing_is_read_once_a_batch_and_not_while_rows_are_deleted(
    engine: sa.Engine,
) -> None:
    failed = {"outcome": Outcome.FAILED.value}
    days = [DAY - timedelta(days=at) for at in range(300)]
    rows = [session(at, OLD, day=day, **failed) for at, day in enumerate(days, 1)]
    fill(engine, sessions_table, *rows)
    open_ones = [failure(at, None, "moscow") for at in range(1, 301)]
    fill(engine, alerts_table, *(one | {"day": DAY} for one in open_ones))
    with asked(engine) as statements:
        prune(engine, KEEP)
    assert left(engine, sessions_table.c.id) == [1]
    first, second = [one for one in statements if "FROM sessions" in one[0]][:2]
    assert first[0].startswith("SELECT")
    assert second[0].startswith("DELETE")
    assert "alerts" not in second[0]
    steps = plan(engine, *first)
    if engine.dialect.name == "sqlite":
        # Below the statement, or below what is carried out once: never once a row.
        under = {one: parent for one, parent, *_ in steps}
        texts = {one: text for one, *_, text in steps}
        of_alerts = [one for one, text in texts.items() if " alerts" in text]
        assert of_alerts
        for found in of_alerts:
            at = found
            while at := under[at]:
                assert "CORRELATED" not in texts[at]
    else:
        assert "hashed SubPlan" in str(steps)


def test_estimates_read_the_latest_loads_by_an_index(engine: sa.Engine) -> None:
    rows = [
        session(10 * at + of, NOW - timedelta(days=at), shard=f"s{of}")
        for at in range(1, 400)
        for of in range(10)
    ]
    fill(engine, sessions_table, *rows)
    with asked(engine) as statements:
        usual = usual_loads(engine, "stage.orders", ["s0", "s1", "new"])
    assert sorted(usual.shards) == ["s0", "s1"]
    # The medians of the latest twenty, whose rows are their numbers here.
    assert usual.shards["s0"].rows == sum(range(10, 210, 10)) / 20
    assert len(statements) == 3
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE sessions")
    for sql, parameters in statements:
        steps = " ".join(map(str, plan(engine, sql, parameters)))
        assert "sessions_latest" in steps
        assert "Sort" not in steps
        assert "TEMP B-TREE" not in steps


def test_what_nobody_accepted_or_confirmed_in_time_goes(engine: sa.Engine) -> None:
    offers = [
        {"digest": name, "person": 1, "expires": expires}
        for name, expires in (("old", OLD), ("later", LATER))
    ]
    texts = dict.fromkeys(
        ("identity", "place", "verb", "arguments", "plan_digest"), "x"
    )
    asked = [
        {"id": name, "expires": expires, **texts}
        for name, expires in (("old", OLD), ("later", LATER))
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(invitations_table), offers)
        connection.execute(sa.insert(confirmations_table), asked)
    prune(engine, KEEP)
    with engine.connect() as connection:
        digests = connection.scalars(sa.select(invitations_table.c.digest)).all()
        ids = connection.scalars(sa.select(confirmations_table.c.id)).all()
    assert (digests, ids) == (["later"], ["later"])
