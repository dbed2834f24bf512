from __future__ import annotations

import itertools
import multiprocessing
import os
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url, select, update

from pipelines.catalog import Partition, read_catalog
from pipelines.config import CatalogFiles
from pipelines.errors import ConfigurationError, TransientError
from pipelines.etl_db import (
    AttemptFilter,
    AttemptState,
    Outcome,
    Session,
    alerts_table,
    confirm_session,
    etl_engine,
    incidents_table,
    new_id,
    newest_attempts,
    open_sessions,
    session_lease,
    sessions_table,
)
from pipelines.etl_db.tables import COMMENT_LENGTH
from sandbox.holds import Failure
from tests.kit.postgres import Postgres
from tests.kit.project import DAY, Project
from tests.kit.steps import STEPS


@pytest.fixture
def engine(etl_database: str) -> Engine:
    return etl_engine(SecretStr(etl_database))


@pytest.fixture
def partition() -> Partition:
    files = CatalogFiles()
    packaged = read_catalog(files.tables, files.shards)
    return Partition(
        packaged.table("orders"), packaged.shard("moscow"), date(2019, 3, 14)
    )


def log(engine: Engine) -> list[dict[str, object]]:
    with engine.connect() as connection:
        rows = connection.execute(select(sessions_table)).mappings()
        return [dict(row) for row in rows]


def test_an_attempt_is_a_row_from_its_start_to_its_end(
    engine: Engine, partition: Partition
) -> None:
    with Session(engine, "LoadOrdersShard", partition=partition, attempt=2) as session:
        (row,) = log(engine)
        assert (row["id"], row["task_name"]) == (session.id, "LoadOrdersShard")
        assert (row["finished"], row["outcome"]) == (None, None)
        session.outcome, session.rows = Outcome.LOADED, 5
    (row,) = log(engine)
    assert (row["outcome"], row["loaded_rows"], row["attempt"]) == ("loaded", 5, 2)
    assert (row["shard"], row["day"]) == ("moscow", date(2019, 3, 14))
    assert row["target_table"] == "stage.orders"
    assert row["finished"] >= row["started"]


def test_an_error_ends_its_attempt_as_failed_and_goes_on(engine: Engine) -> None:
    with pytest.raises(ValueError, match="far too long"), Session(engine, "task"):
        raise ValueError("far too long\n" * 200)
    (row,) = log(engine)
    assert row["outcome"] == "failed"
    assert str(row["comment"]).startswith("far too long far too long")
    assert len(str(row["comment"])) == COMMENT_LENGTH


def test_an_attempt_that_says_nothing_has_failed(engine: Engine) -> None:
    with Session(engine, "task"):
        pass
    assert log(engine)[0]["outcome"] == "failed"


def test_a_day_without_rows_is_no_failure(engine: Engine) -> None:
    with Session(engine, "task") as session:
        session.outcome, session.rows = Outcome.SKIPPED, 0
    assert (log(engine)[0]["outcome"], log(engine)[0]["loaded_rows"]) == ("skipped", 0)


def test_ids_fit_a_signed_64_bit_integer_and_are_not_repeated() -> None:
    ids = {new_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert 0 < min(ids) <= max(ids) < 2**63


def _one_session(url: str) -> None:
    with Session(etl_engine(SecretStr(url)), "task") as session:
        session.outcome = Outcome.LOADED


def test_many_processes_may_open_the_log_at_once(etl_database: str) -> None:
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=_one_session, args=(etl_database,)) for _ in range(20)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 20
    assert [row["outcome"] for row in log(etl_engine(SecretStr(etl_database)))] == [
        "loaded"
    ] * 20


def test_only_sessions_that_nobody_closed_are_open(
    engine: Engine, partition: Partition
) -> None:
    with Session(engine, "task", partition=partition):
        pass
    left = Session(engine, "task", partition=partition)
    left.__enter__()
    (found,) = open_sessions(engine)
    assert (found.id, found.shard, found.day) == (left.id, "moscow", partition.day)
    assert not found.may_be_alive  # one with our own number was another process


def test_a_process_that_renews_no_lease_has_ended_whoever_has_its_number_now(
    engine: Engine, partition: Partition
) -> None:
    left = Session(engine, "task", partition=partition)
    left.row["pid"] = os.getppid()
    left.__enter__()
    (found,) = open_sessions(engine)
    assert found.may_be_alive
    past = update(sessions_table).values(lease=datetime(2000, 1, 1, tzinfo=UTC))
    with engine.begin() as connection:
        connection.execute(past)
    (found,) = open_sessions(engine)
    assert not found.may_be_alive
    (attempt,) = newest_attempts(engine, AttemptFilter(), limit=1)
    assert attempt.state is AttemptState.LOST


def test_a_lease_is_renewed_while_the_attempt_goes_on(
    engine: Engine, partition: Partition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_lease, "RENEWAL", 0.01)
    renewed = threading.Event()

    def renew() -> None:
        if (calls := next(count)) == 0:
            raise TransientError("the log is away", step="wait")
        if calls > 1:
            renewed.set()

    count = itertools.count()
    with session_lease.renewing(renew):
        assert renewed.wait(60)
    with Session(engine, "task", partition=partition):
        first = log(engine)[0]["lease"]
        deadline = time.monotonic() + 60
        while log(engine)[0]["lease"] == first:
            assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "loaded"),
        ("failed", "loaded"),
        ("lost", "loaded"),
        ("present", "present"),
    ],
)
def test_a_marker_corrects_a_session_that_did_not_see_its_commit(
    engine: Engine, partition: Partition, before: str | None, after: str
) -> None:
    session = Session(engine, "task", partition=partition)
    session.__enter__()
    if before:
        session.outcome = Outcome(before)
        session.__exit__(None, None, None)
    confirm_session(engine, session.id, rows=7)
    (row,) = log(engine)
    assert row["outcome"] == after
    assert row["finished"] is not None


@pytest.mark.parametrize("url", ["oracle17://x", "postgresql+nothing://x"])
def test_an_address_that_is_none_is_a_fault_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\[sessions\] database"):
        etl_engine(SecretStr(url))


def test_a_log_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        etl_engine(SecretStr(f"sqlite:///{tmp_path}/missing/etl.db"))
    assert "unable to open database file" in str(caught.value)
    assert "\n" not in str(caught.value)


AHEAD = """
CREATE SCHEMA ahead;
CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql
    AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 day' $$;
"""


@pytest.fixture
def ahead(postgres: Postgres, project: Project) -> Project:
    """A project whose ETL database's clock goes ahead of this host's."""
    url = make_url(postgres.fresh_database())
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(AHEAD)
        name = engine.dialect.identifier_preparer.quote(str(url.database))
        path = "ahead, pg_catalog, public"
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET search_path = {path}")
    engine.dispose()
    project.etl_database = url.render_as_string(hide_password=False)
    return project


@pytest.mark.parametrize("how", ["backfill --reload", "backfill --recheck", "verify"])
def test_moments_that_hosts_compare_are_told_by_the_clock_of_the_database(
    ahead: Project, how: str
) -> None:
    shard = ahead.loadable(10)
    begun = datetime.now(UTC) + timedelta(hours=23)
    assert ahead.load(DAY).code == 0
    ahead.on_shard(shard, "DELETE FROM dbo.Orders WHERE id = 1")
    failing = Failure("no such table", number=208)
    server, pattern = STEPS["extract"]
    control = ahead.sandbox.control
    skip = int(how == "verify")
    hold = control.hold(
        pattern, action="fail", server=server, skip=skip, times=9, failure=failing
    )
    command, *option = how.split()
    option = option or ["--reload"]
    words = (command, "--from", DAY, "--to", DAY, "--tables", "orders", *option)
    assert ahead.run("shardline", *words).code == 30
    control.remove(hold)
    columns = sessions_table.c
    with ahead.log() as link:
        moments = [*link.scalars(select(columns.started))]
        moments += link.scalars(select(columns.finished))
        moments += link.scalars(select(alerts_table.c.asked))
    assert len(moments) == (3 if "recheck" in how else 5)
    assert all(one is not None and one > begun for one in moments)
    # The end of what had failed of it is told by the same clock.
    assert ahead.run("shardline", *words).code == 0
    with ahead.log() as link:
        assert link.scalars(select(incidents_table.c.closed)).one() is not None
