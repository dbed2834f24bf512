"""The ETL database's links and faults, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import configparser
import multiprocessing
import re
import socket
import stat
import textwrap
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.errors import ConfigurationError, TransientError
from pipelines.etl_db import (
    Outcome,
    Session,
    etl_db_errors,
    etl_engine,
    sessions_table,
)
from sandbox.luigid import Luigid
from tests.fuzz.false_server import FalseServer
from tests.fuzz.mutations import Trickle, Turn
from tests.fuzz.vertica import Side
from tests.kit.postgres import USER, Postgres, running, wait_for_a_lock, why_not
from tests.kit.project import DAY, REPOSITORY, Project, finished

BACKEND = sa.text("SELECT pg_backend_pid()")


@pytest.fixture
def raw(etl_database: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(etl_database)
    yield engine
    engine.dispose()


def outcomes(engine: sa.Engine) -> list[str | None]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(sessions_table.c.outcome)))


@pytest.mark.parametrize(
    "url",
    [
        "mssql+pymssql://u:hunter2@127.0.0.1:1/etl",
        "mysql://u:hunter2@127.0.0.1:1/etl",
        "postgresql+psycopg2://u:hunter2@127.0.0.1:1/etl",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\[sessions\] database") as caught:
        etl_engine(SecretStr(url))
    assert "hunter2" not in str(caught.value)


def test_postgresql_needs_no_driver_in_its_address(postgres: Postgres) -> None:
    url = postgres.fresh_database().replace("+psycopg", "")
    assert etl_engine(SecretStr(url)).url.drivername == "postgresql+psycopg"


def test_an_option_of_the_address_goes_before_ours(postgres: Postgres) -> None:
    url = f"{postgres.fresh_database()}&application_name=nightly"
    with etl_engine(SecretStr(url)).connect() as connection:
        assert connection.scalar(sa.text("SHOW application_name")) == "nightly"


def test_without_a_word_postgresql_is_spoken_to_in_tls_if_it_is_trusted(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.fresh_database().replace("?sslmode=disable", "")
    with pytest.raises(ConfigurationError, match="certificate is not to be trusted"):
        etl_engine(SecretStr(url))
    monkeypatch.setenv("SSL_CERT_FILE", str(postgres.authority))
    with etl_engine(SecretStr(f"{url}?application_name=a")).connect() as connection:
        query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.scalar(sa.text(query))


@pytest.mark.parametrize("sslmode", ["prefer", "require"])
def test_a_weaker_sslmode_encrypts_and_looks_at_no_certificate(
    postgres: Postgres, sslmode: str
) -> None:
    url = postgres.fresh_database().replace("disable", sslmode)
    with etl_engine(SecretStr(url)).connect() as connection:
        query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.scalar(sa.text(query))


@pytest.mark.parametrize("kept_in", ["PGPASSWORD", "PGPASSFILE"])
def test_a_password_may_stay_out_of_the_address(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_in: str
) -> None:
    url = postgres.fresh_database()
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"*:*:*:{USER}:{postgres.password}\n", encoding="utf-8")
    passfile.chmod(0o600)
    kept = {"PGPASSWORD": postgres.password, "PGPASSFILE": str(passfile)}
    monkeypatch.setenv(kept_in, kept[kept_in])
    engine = etl_engine(SecretStr(url.replace(f":{postgres.password}@", "@")))
    assert outcomes(engine) == []


def test_a_refused_password_is_one_line_and_not_in_it(
    postgres: Postgres, project: Project
) -> None:
    project.loadable(3)
    project.etl_database = postgres.url("postgres", password="hunter2")
    result = project.load(DAY)
    assert result.code == 40
    (line,) = result.told
    assert "the ETL database cannot be used" in line
    assert "password authentication failed" in line
    assert "hunter2" not in line


def test_a_fault_that_stays_is_not_for_another_attempt(
    etl_database: str, raw: sa.Engine
) -> None:
    engine = etl_engine(SecretStr(etl_database))
    with raw.begin() as connection:
        connection.exec_driver_sql("DROP TABLE sessions")
    with (
        pytest.raises(ConfigurationError, match="cannot be written") as caught,
        Session(engine, "task"),
    ):
        pass
    assert "INSERT" not in str(caught.value)


def test_a_missing_privilege_is_told_as_such(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    raw = sa.create_engine(url)
    poor = f"poor_{raw.url.database}"
    with raw.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {poor} LOGIN PASSWORD 'poor'")
    raw.dispose()
    known = f"{USER}:{postgres.password}"
    with pytest.raises(ConfigurationError) as caught:
        etl_engine(SecretStr(url.replace(known, f"{poor}:poor")))
    assert "SQLSTATE 42501" in caught.value.cause
    assert "missing privilege" in caught.value.step


def test_a_lock_that_is_not_free_in_time_may_be_later(
    etl_database: str, raw: sa.Engine
) -> None:
    limits = {"sqlite": "timeout=0.05", "postgresql": "options=-clock_timeout=50"}
    joint = "&" if "?" in etl_database else "?"
    limited = SecretStr(f"{etl_database}{joint}{limits[raw.dialect.name]}")
    engine = etl_engine(limited)
    with raw.connect() as other:
        if raw.dialect.name == "sqlite":
            other.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            other.exec_driver_sql("LOCK TABLE sessions")
        with (
            pytest.raises(TransientError, match="cannot be written"),
            Session(engine, "task"),
        ):
            pass
    raw.dispose()
    with Session(engine, "task") as session:
        session.outcome = Outcome.LOADED
    assert outcomes(engine) == ["loaded"]


def test_a_row_is_closed_although_the_server_ends_the_link_meanwhile(
    postgres: Postgres,
) -> None:
    url = postgres.fresh_database()
    engine = etl_engine(SecretStr(url))
    raw = sa.create_engine(url)

    def end_the_link_of_who_waits() -> None:
        with raw.begin() as other:
            other.exec_driver_sql("LOCK TABLE sessions")
            locked.set_result(None)
            other.execute(sa.select(sa.func.pg_terminate_backend(wait_for_a_lock(url))))

    with ThreadPoolExecutor(1) as pool:
        with Session(engine, "task") as session:
            session.outcome, session.rows = Outcome.LOADED, 5
            locked: Future[None] = Future()
            ending = pool.submit(end_the_link_of_who_waits)
            locked.result(30)
        ending.result(30)
    raw.dispose()
    assert outcomes(engine) == ["loaded"]


def _backend_of_a_child(url: str, told: multiprocessing.SimpleQueue[int]) -> None:
    with etl_engine(SecretStr(url)).connect() as connection:
        told.put(connection.scalar(BACKEND))


def test_a_forked_child_has_a_link_of_its_own(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    engine = etl_engine(SecretStr(url))
    with engine.connect() as connection:
        before = connection.scalar(BACKEND)
    context = multiprocessing.get_context("fork")
    told: multiprocessing.SimpleQueue[int] = context.SimpleQueue()
    children = [
        context.Process(target=_backend_of_a_child, args=(url, told)) for _ in range(2)
    ]
    for child in children:
        child.start()
        child.join(60)
    backends = {before, told.get(), told.get()}
    with engine.connect() as connection:
        assert connection.scalar(BACKEND) == before
    assert len(backends) == 3


def test_a_link_outlives_neither_a_dead_server_nor_a_pooler(postgres: Postgres) -> None:
    engine = etl_engine(SecretStr(postgres.fresh_database()))
    for _ in range(10):
        with Session(engine, "task"):
            pass
    with engine.connect() as connection:
        prepared = sa.text("SELECT count(*) FROM pg_prepared_statements")
        assert connection.scalar(prepared) == 0
        link = socket.socket(fileno=connection.connection.driver_connection.fileno())
        assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
        link.detach()


def test_links_that_the_server_closes_in_mid_run_are_made_anew(
    postgres: Postgres, project: Project
) -> None:
    shard = project.loadable(3)
    project.etl_database = postgres.fresh_database()
    process = project.start_load(paused=True)
    hold = project.hold(process, "copy")
    project.sandbox.control.wait(hold)
    with project.log() as connection:
        closed = connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                " application_name = 'shardline' AND datname = current_database()"
            )
        ).all()
    project.sandbox.control.release("go", hold=hold)
    result = finished(process)
    assert len(closed) >= 1
    assert (result.code, result.err) == (0, "")
    assert project.outcomes() == ["loaded"]
    assert len(project.rows(shard)) == 3


@pytest.mark.long
def test_a_load_stands_whose_log_went_away_and_the_next_run_closes_its_row(
    project: Project,
) -> None:
    if reason := why_not():
        pytest.skip(reason)
    shard = project.loadable(3)
    with running() as server:
        project.etl_database = server.fresh_database()
        process = project.start_load(paused=True)
        hold = project.hold(process, "copy")
        project.sandbox.control.wait(hold)
        server.stop()
        project.sandbox.control.release("go", hold=hold)
        result = finished(process)
        assert result.code == 0
        line, audit = result.told
        assert "stays open in the log: the session log cannot be written" in line
        assert "the audit lacks the end of #1" in audit
        assert len(project.rows(shard)) == 3
        server.start()
        assert project.outcomes() == [None]
        assert project.load(DAY).code == 0
        assert project.outcomes() == ["loaded"]


@pytest.mark.long
def test_a_file_is_warned_of_where_luigid_schedules(
    logged_project: Project, tmp_path: Path
) -> None:
    logged_project.loadable(3)
    with Luigid(tmp_path / "luigid") as luigid:
        logged_project.options["core"] = {
            "scheduler_host": luigid.address.host,
            "scheduler_port": str(luigid.address.port),
        }
        load = ("--module", "pipelines.orders", "LoadOrders", "--date", DAY)
        results = [logged_project.run("luigi", *load), logged_project.load(DAY)]
    assert [result.code for result in results] == [0, 0]
    is_file = logged_project.etl_database.startswith("sqlite")
    for result in results:
        warned = [line for line in result.told if "name a PostgreSQL" in line]
        assert len(warned) == is_file
    assert (
        "name a PostgreSQL" not in logged_project.luigi("LoadOrders", "--date", DAY).err
    )


def blocks(language: str) -> list[str]:
    """What the document tells to write."""
    text = (REPOSITORY / "docs" / "etl-database.md").read_text(encoding="utf-8")
    block = rf"^ *```{language}\n(.*?)^ *```$"
    found = re.findall(block, text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(lines) for lines in found]


def test_postgresql_is_chosen_as_the_document_tells(
    postgres: Postgres, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    password, name = "a/b@c%d#é", f"etl_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        made = blocks("sql")[0].replace("choose one", password)
        made = made.replace("shardline", name).replace("etl ", f"{name} ")
        for statement in made.strip().removesuffix(";").split(";"):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    server.dispose()
    config = configparser.RawConfigParser()
    config.read_string(blocks("ini")[0])
    told = config["sessions"]["database"].replace("shardline:", f"{name}:")
    address = told.replace("HOST/etl", f"127.0.0.1:{postgres.port}/{name}")
    monkeypatch.setenv("SHARDLINE_ETL_PASSWORD", quote(password, safe=""))
    monkeypatch.setenv("SSL_CERT_FILE", str(postgres.authority))
    project.etl_database = address
    project.loadable(3)
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    raw = sa.create_engine(postgres.url(name))
    assert outcomes(raw) == ["loaded"]
    raw.dispose()


def test_the_log_is_asked_as_the_document_tells(etl_database: str) -> None:
    engine = etl_engine(SecretStr(etl_database))
    with Session(engine, "task"):
        pass
    with engine.connect() as connection:
        (row,) = connection.execute(sa.text(blocks("sql")[1])).mappings()
    assert row["outcome"] == "failed"


def test_the_file_and_what_is_beside_it_are_for_their_owner_only(
    tmp_path: Path,
) -> None:
    path = tmp_path / "etl.db"
    engine = etl_engine(SecretStr(f"sqlite:///{path}"))
    with engine.connect() as connection:
        connection.execute(sa.select(sessions_table.c.id))
        made = {
            one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()
        }
    assert set(made.values()) == {0o600}
    assert "etl.db" in made


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = etl_engine(SecretStr(postgres.fresh_database()))
    with engine.connect() as connection:
        first = connection.scalar(BACKEND)
        monkeypatch.setattr("pipelines.etl_db.bounded_psycopg.ANSWER_SECONDS", 0.5)
        with (
            pytest.raises(TransientError, match="no answer within"),
            etl_db_errors("it cannot be asked"),
        ):
            connection.execute(sa.text("SELECT pg_sleep(100)"))
        monkeypatch.undo()
    with engine.connect() as connection:
        assert connection.scalar(BACKEND) != first


def test_a_login_that_trickles_has_an_end() -> None:
    script: list[Turn] = [[], [Trickle(b"R" + bytes(3) + b"\xff" + bytes(300))]]
    with FalseServer(Side(), script) as server:
        url = f"postgresql://u:p@127.0.0.1:{server.port}/d?connect_timeout=2"
        with pytest.raises(TransientError, match="timeout"):
            etl_engine(SecretStr(f"{url}&sslmode=disable"))
