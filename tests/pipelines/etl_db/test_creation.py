"""`shardline deploy database`: who runs is not who is the server's master."""

from __future__ import annotations

import secrets
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.kit import commands
from tests.kit.postgres import Postgres
from tests.kit.project import Result, finished

FAULTS = [
    ("sqlite:///etl.db", "[sessions] database is a file, which needs no user"),
    (
        "postgresql://etl_master:a@127.0.0.1:1/etl",
        "its user etl_master is the server's master",
    ),
    ("postgresql://runs@127.0.0.1:1/etl", "lacks a user, a password or a"),
]


class Server:
    """A server with a master as RDS has one: no superuser, but may make roles."""

    def __init__(self, postgres: Postgres, folder: Path) -> None:
        own = uuid.uuid4().hex[:8]
        self.master, self.user, self.name = f"master_{own}", f"o'n%e\"{own}", f"e-{own}"
        self.password = secrets.token_hex(8)
        self._postgres, self._folder = postgres, folder
        with self.asked("postgres") as superuser:
            superuser.exec_driver_sql(
                f"CREATE ROLE {self.master} LOGIN CREATEROLE CREATEDB PASSWORD 'm'"
            )

    def asked(self, database: str) -> sa.Connection:
        """A connection of the superuser's."""
        url = self._postgres.url(database)
        return sa.create_engine(
            url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        ).connect()

    def url(self, password: str) -> sa.URL:
        """The address as runs have it."""
        return sa.make_url(self._postgres.url(self.name)).set(
            username=self.user, password=password
        )

    @property
    def log(self) -> str:
        return self._postgres.log

    def make(self, password: str, master_password: str = "m") -> Result:
        address = self.url(password).render_as_string(hide_password=False)
        return make(self._folder, address, self.master, master_password)


def make(folder: Path, address: str, master: str, password: str) -> Result:
    """Type the command, with a configuration that lacks what only loads need."""
    config = folder / "luigi.cfg"
    escaped = address.replace("%", "%%")
    config.write_text(
        f"[connections]\nwarehouse = ${{NOT_SET}}\n[sessions]\ndatabase = {escaped}\n"
    )
    environment = {
        "LUIGI_CONFIG_PATH": str(config),
        "SHARDLINE_ETL_MASTER": master,
        "SHARDLINE_ETL_MASTER_PASSWORD": password,
    }
    command = ("shardline", "deploy", "database")
    return finished(commands.start(command, folder, environment))


@pytest.fixture
def server(postgres: Postgres, tmp_path: Path) -> Server:
    return Server(postgres, tmp_path)


def test_runs_get_a_user_who_owns_the_database_and_nothing_else(server: Server) -> None:
    result = server.make(server.password)
    assert result.code == 0, result.err
    assert f"the database {server.name} at 127.0.0.1 belongs to" in result.out
    with server.asked(server.name) as superuser:
        owner = superuser.scalar(
            sa.text(
                "SELECT pg_get_userbyid(datdba) FROM pg_database"
                " WHERE datname = current_database()"
            )
        )
        assert owner == server.user
        rights = superuser.execute(
            sa.text(
                "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls"
                " FROM pg_roles WHERE rolname = :name"
            ),
            {"name": server.user},
        ).one()
        assert tuple(rights) == (False, False, False, False)
        members = superuser.scalar(sa.text("SELECT COUNT(*) FROM pg_auth_members"))
        assert members == builtin_members(superuser)
        tables = superuser.execute(
            sa.text("SELECT tableowner FROM pg_tables WHERE tablename = 'sessions'")
        ).all()
        assert tables == [(server.user,)]


def builtin_members(connection: sa.Connection) -> int:
    """Memberships that every server has."""
    found = connection.scalar(
        sa.text("SELECT COUNT(*) FROM pg_auth_members WHERE member < 16384")
    )
    return int(found or 0)


def test_others_cannot_log_in_to_it(server: Server) -> None:
    assert server.make(server.password).code == 0
    as_master = server.url("m").set(username=server.master)
    engine = sa.create_engine(as_master, poolclass=sa.NullPool)
    with pytest.raises(sa.exc.OperationalError, match="permission denied"):
        engine.connect()


def test_a_second_time_takes_over_a_new_password_and_keeps_the_rows(
    server: Server,
) -> None:
    assert server.make("old one/@").code == 0
    with server.asked(server.name) as superuser:
        superuser.exec_driver_sql("CREATE TABLE kept AS SELECT 7 AS row")
    assert server.make("new one/@").code == 0
    with server.asked(server.name) as superuser:
        assert superuser.scalar(sa.text("SELECT row FROM kept")) == 7
    for password, works in (("old one/@", False), ("new one/@", True)):
        engine = sa.create_engine(server.url(password), poolclass=sa.NullPool)
        if works:
            engine.connect().close()
        else:
            with pytest.raises(sa.exc.OperationalError, match="password"):
                engine.connect()


def test_no_statement_has_the_password(server: Server) -> None:
    with server.asked("postgres") as superuser:
        superuser.exec_driver_sql("ALTER SYSTEM SET log_statement = 'all'")
        superuser.exec_driver_sql("SELECT pg_reload_conf()")
    assert server.make(server.password).code == 0
    log = server.log
    assert "CREATE ROLE" in log
    assert server.password not in log


@pytest.mark.parametrize(("address", "told"), FAULTS)
def test_an_address_that_cannot_be_made_is_one_line(
    tmp_path: Path, address: str, told: str
) -> None:
    result = make(tmp_path, address, "etl_master", "hunter2")
    assert result.code == 2
    (line,) = result.told
    assert told in line
    assert "hunter2" not in line


def test_a_master_who_is_refused_is_one_line(server: Server) -> None:
    result = server.make(server.password, master_password="hunter2")
    assert result.code == 30
    (line,) = result.told
    assert "cannot be made: " in line
    assert "password authentication failed" in line
    assert "hunter2" not in line


def test_a_login_that_is_not_there_is_named(tmp_path: Path) -> None:
    command = ("shardline", "deploy", "database")
    result = finished(commands.start(command, tmp_path, {}))
    assert result.code == 2
    (line,) = result.told
    assert "environment variable SHARDLINE_ETL_MASTER is not set; " in line
