"""The ETL database's schema, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr

from pipelines.errors import ConfigurationError, TransientError
from pipelines.etl_db import Outcome, Session, etl_engine
from pipelines.etl_db.migrations import HEAD, LOCK, __path__, version
from pipelines.etl_db.tables import metadata
from tests.kit.postgres import Postgres, wait_for_a_lock
from tests.kit.project import DAY, Project

BEFORE_VERSIONS = """
CREATE TABLE sessions (
    id BIGINT NOT NULL PRIMARY KEY,
    task_name VARCHAR(200) NOT NULL,
    target_table VARCHAR(800),
    shard VARCHAR(128),
    day DATE,
    attempt INTEGER NOT NULL,
    host VARCHAR(255) NOT NULL,
    pid INTEGER NOT NULL,
    started {moment} NOT NULL,
    finished {moment},
    outcome VARCHAR(16),
    loaded_rows BIGINT,
    comment VARCHAR(500)
);
CREATE INDEX sessions_open ON sessions (finished);
CREATE INDEX sessions_partition ON sessions (target_table, day, shard);
INSERT INTO sessions (id, task_name, attempt, host, pid, started)
    VALUES (7, 'old', 1, 'h', 1, CURRENT_TIMESTAMP)
"""
"""What the code made that knew of no versions, and a row that it left open."""


@pytest.fixture
def raw(etl_database: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(etl_database)
    yield engine
    engine.dispose()


def test_the_migrations_make_the_tables_that_the_code_uses(
    etl_database: str, raw: sa.Engine
) -> None:
    etl_engine(SecretStr(etl_database))
    with raw.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert version(connection) == HEAD


def test_the_newest_migration_is_the_one_that_the_code_works_with() -> None:
    (folder,) = __path__
    assert ScriptDirectory(folder).get_heads() == [HEAD]


def test_a_log_of_before_the_versions_is_taken_over_as_it_is(
    etl_database: str, raw: sa.Engine
) -> None:
    kinds = {"sqlite": "DATETIME", "postgresql": "TIMESTAMP WITH TIME ZONE"}
    made = BEFORE_VERSIONS.format(moment=kinds[raw.dialect.name])
    with raw.begin() as connection:
        for statement in made.split(";"):
            connection.exec_driver_sql(statement)
    engine = etl_engine(SecretStr(etl_database))
    with Session(engine, "new") as session:
        session.outcome = Outcome.LOADED
    with raw.connect() as connection:
        rows = connection.exec_driver_sql("SELECT task_name, outcome FROM sessions")
        assert set(rows.all()) == {("old", None), ("new", "loaded")}
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert version(connection) == HEAD


def test_who_comes_while_another_migrates_waits_for_it(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    raw = sa.create_engine(url)
    with ThreadPoolExecutor(1) as pool:
        with raw.begin() as migrating:
            migrating.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            second = pool.submit(etl_engine, SecretStr(url))
            wait_for_a_lock(url)
            assert not sa.inspect(migrating).has_table("sessions")
        second.result(60)
    with raw.connect() as connection:
        assert version(connection) == HEAD
    raw.dispose()


@pytest.mark.parametrize(
    "etl_database",
    [pytest.param("sqlite", marks=pytest.mark.long), "postgresql"],  # it waits for 30 s
    indirect=True,
)
def test_who_cannot_wait_any_longer_may_try_again(
    etl_database: str, raw: sa.Engine
) -> None:
    limits = {"sqlite": "timeout=0.05", "postgresql": "options=-cstatement_timeout=50"}
    limited = SecretStr(f"{etl_database}?{limits[raw.dialect.name]}")
    with raw.connect() as migrating:
        if raw.dialect.name == "sqlite":
            migrating.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            migrating.execute(sa.select(sa.func.pg_advisory_lock(LOCK)))
        with pytest.raises(TransientError, match="the ETL database cannot be used"):
            etl_engine(limited)
    raw.dispose()
    etl_engine(SecretStr(etl_database))
    with raw.connect() as connection:
        assert version(connection) == HEAD


def test_a_migration_that_fails_leaves_nothing_of_itself(
    etl_database: str, raw: sa.Engine
) -> None:
    with raw.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE sessions (finished timestamp)")
    with pytest.raises(ConfigurationError, match="the ETL database cannot be used"):
        etl_engine(SecretStr(etl_database))
    with raw.connect() as connection:
        assert version(connection) is None
        assert sa.inspect(connection).get_indexes("sessions") == []


def test_a_database_that_is_newer_than_the_code_is_one_line(
    logged_project: Project,
) -> None:
    etl_engine(SecretStr(logged_project.etl_database))
    with logged_project.log() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    logged_project.loadable(3)
    result = logged_project.load(DAY)
    assert result.code == 2
    (line,) = result.told
    assert "is of version 9999, and this shardline knows none after" in line
    assert logged_project.markers() == []
