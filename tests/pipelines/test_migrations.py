"""The ETL database's schema, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from postgres import Postgres
from project import Project, finished
from pydantic import SecretStr

from pipelines import database, migrations
from pipelines.errors import ConfigurationError, TransientError

DAY = "2019-03-14"
BEFORE_VERSIONS = sa.Table(
    "sessions",
    sa.MetaData(),
    *(
        sa.Column(c.name, c.type, primary_key=c.primary_key)
        for c in database.sessions.c
    ),
)


@pytest.fixture
def raw(etl_database: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(etl_database)
    yield engine
    engine.dispose()


def test_the_migrations_make_the_tables_that_the_code_uses(
    etl_database: str, raw: sa.Engine
) -> None:
    database.connect(SecretStr(etl_database))
    with raw.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, database.metadata) == []
        assert migrations.version(connection) == migrations.HEAD


def test_the_newest_migration_is_the_one_that_the_code_works_with() -> None:
    (folder,) = migrations.__path__
    assert ScriptDirectory(folder).get_heads() == [migrations.HEAD]


def test_a_log_of_before_the_versions_is_taken_over_as_it_is(
    etl_database: str, raw: sa.Engine
) -> None:
    BEFORE_VERSIONS.create(raw)
    row = {"id": 7, "task_name": "old", "attempt": 1, "host": "h", "pid": 1}
    with raw.begin() as connection:
        started = sa.func.current_timestamp()
        connection.execute(sa.insert(BEFORE_VERSIONS).values(**row, started=started))
    database.connect(SecretStr(etl_database))
    with raw.connect() as connection:
        assert connection.scalar(sa.select(BEFORE_VERSIONS.c.task_name)) == "old"
        assert migrations.version(connection) == migrations.HEAD


def test_a_migration_that_fails_leaves_nothing_of_itself(
    etl_database: str, raw: sa.Engine
) -> None:
    with raw.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE sessions (finished timestamp)")
    with pytest.raises(TransientError, match="the ETL database cannot be used"):
        database.connect(SecretStr(etl_database))
    with raw.connect() as connection:
        assert migrations.version(connection) is None
        assert sa.inspect(connection).get_indexes("sessions") == []


def test_a_database_that_is_newer_than_the_code_is_one_line(
    etl_database: str, raw: sa.Engine
) -> None:
    with raw.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num char(4))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(ConfigurationError) as caught:
        database.connect(SecretStr(etl_database))
    assert "is of version 9999, and this shardline knows none after" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)


def test_a_refused_password_is_one_line_and_not_in_it(
    postgres: Postgres, project: Project
) -> None:
    project.loadable(3)
    project.etl_database = postgres.url("postgres", password="hunter2")
    result = project.load(DAY)
    assert result.code == 30
    (line,) = result.told
    assert "the ETL database cannot be used" in line
    assert "password authentication failed" in line
    assert "hunter2" not in line


def test_connections_that_the_server_closes_are_made_anew(
    postgres: Postgres, project: Project
) -> None:
    shard = project.loadable(3)
    project.etl_database = postgres.fresh_database()
    process = project.start_load()
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
