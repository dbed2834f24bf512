from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandbox.engine import Engine
from sandbox.vertica.server import VerticaServer
from tests.kit.vertica_client import Client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.vertica_client import Vertica

DENIED = ("42501", 4367)
NO_SCHEMA = ("42501", 3580)

Login = "Callable[[], Client]"


@pytest.fixture
def reader(vertica: Vertica, client: Client) -> Callable[[], Client]:
    """Logs in as a user who was granted nothing but the use of a schema."""
    client.run("CREATE SCHEMA s")
    client.run("CREATE TABLE s.t (a INT)")
    client.run("INSERT INTO s.t VALUES (1)")
    client.run("CREATE VIEW s.v AS SELECT a FROM s.t")
    client.run("CREATE USER Reader IDENTIFIED BY 'pass''word'")
    client.run("GRANT USAGE ON SCHEMA s TO reader")
    return lambda: Client(vertica.connect(user="reader", password="pass'word"))


def test_a_user_logs_in_with_the_password_it_was_given(
    vertica: Vertica, client: Client, reader: Callable[[], Client]
) -> None:
    assert reader().run("SELECT CURRENT_USER") == [["reader"]]
    assert "Invalid username" in vertica.refuse(user="reader", password="wrong")
    client.run("ALTER USER reader IDENTIFIED BY 'another'")
    assert "Invalid username" in vertica.refuse(user="reader", password="pass'word")
    own = Client(vertica.connect(user="reader", password="another"))
    own.run("ALTER USER reader IDENTIFIED BY 'chosen'")
    assert vertica.connect(user="reader", password="chosen")
    assert own.fails("ALTER USER reader ACCOUNT UNLOCK") == DENIED
    client.run("DROP USER reader")
    assert "Invalid username" in vertica.refuse(user="reader", password="chosen")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA512"])
def test_a_password_hashed_otherwise_has_expired_until_it_is_set_anew(
    vertica: Vertica, client: Client, algorithm: str
) -> None:
    client.run("CREATE USER u IDENTIFIED BY 'p'")
    client.run(f"ALTER USER u SECURITY_ALGORITHM '{algorithm}'")
    assert "password for user u has expired" in vertica.refuse(user="u", password="p")
    client.run("ALTER USER u IDENTIFIED BY 'p'")
    assert vertica.connect(user="u", password="p")
    client.run("ALTER USER u PASSWORD EXPIRE")
    assert "password for user u has expired" in vertica.refuse(user="u", password="p")
    assert "Invalid username" in vertica.refuse(user="u", password="wrong")


def test_a_locked_user_is_refused(vertica: Vertica, client: Client) -> None:
    client.run("CREATE USER u ACCOUNT LOCK")
    assert "account is locked" in vertica.refuse(user="u", password="")
    client.run("ALTER USER u ACCOUNT UNLOCK")
    assert vertica.connect(user="u", password="")


def test_what_was_not_granted_is_denied(
    client: Client, reader: Callable[[], Client]
) -> None:
    user = reader()
    for statement in (
        "SELECT * FROM s.t", "SELECT * FROM s.v", "INSERT INTO s.t VALUES (2)",
        "UPDATE s.t SET a = 2", "DELETE FROM s.t", "TRUNCATE TABLE s.t",
        "INSERT INTO s.t SELECT 1", "COPY s.t FROM STDIN",
        "LOCK TABLE s.t IN SHARE MODE", "CREATE USER v", "CREATE ROLE r",
        "GRANT SELECT ON s.t TO reader", "SELECT 1 WHERE EXISTS (SELECT 1 FROM s.t)",
    ):  # fmt: skip
        assert user.fails(statement) == DENIED, statement
    for statement in ("DROP TABLE s.t", "ALTER TABLE s.t RENAME TO u", "DROP VIEW s.v"):
        assert user.fails(statement) == ("42501", 3989), statement
    for statement in ("CREATE TABLE s.u (a INT)", "CREATE SCHEMA u",
                      "CREATE VIEW s.u AS SELECT 1"):  # fmt: skip
        assert user.fails(statement) == NO_SCHEMA, statement
    client.run("REVOKE USAGE ON SCHEMA s FROM reader")
    client.run("GRANT SELECT ON s.t TO reader")
    assert user.fails("SELECT * FROM s.t") == NO_SCHEMA
    user.run("CREATE LOCAL TEMP TABLE own (a INT)")
    assert user.run("SELECT COUNT(*) FROM own") == [[0]]


def test_privileges_survive_a_refresh_and_a_rename_but_not_a_drop(
    client: Client, reader: Callable[[], Client]
) -> None:
    client.run("GRANT SELECT ON s.t TO reader")
    user = reader()
    client.run("DELETE FROM s.t")
    client.run("INSERT INTO s.t VALUES (7)")
    client.connection.commit()
    assert user.run("SELECT a FROM s.t") == [[7]]
    client.run("TRUNCATE TABLE s.t")
    assert user.run("SELECT a FROM s.t") == []
    client.run("ALTER TABLE s.t RENAME TO u")
    assert user.run("SELECT a FROM s.u") == []
    granted = "SELECT object_name FROM v_catalog.grants WHERE object_type = 'TABLE'"
    assert client.run(granted) == [["u"]]
    client.run("DROP TABLE s.u")
    client.run("CREATE TABLE s.u (a INT)")
    assert user.fails("SELECT a FROM s.u") == DENIED
    assert client.run(granted) == []


def test_a_view_lets_see_what_its_tables_do_not(
    client: Client, reader: Callable[[], Client]
) -> None:
    client.run("GRANT SELECT ON s.v TO reader")
    user = reader()
    assert user.run("SELECT * FROM s.v") == [[1]]
    assert user.fails("SELECT * FROM s.t") == DENIED


def test_privileges_are_granted_and_revoked_one_by_one(
    client: Client, reader: Callable[[], Client]
) -> None:
    user = reader()
    client.run("GRANT INSERT, DELETE ON TABLE s.t TO reader")
    user.run("INSERT INTO s.t VALUES (2)")
    user.run("DELETE FROM s.t")
    assert user.fails("DELETE FROM s.t WHERE a = 1") == DENIED
    client.run("REVOKE DELETE ON s.t FROM reader")
    assert user.fails("DELETE FROM s.t") == DENIED
    client.run("GRANT ALL PRIVILEGES ON ALL TABLES IN SCHEMA s TO PUBLIC")
    user.run("UPDATE s.t SET a = a + 1 WHERE a = 1")
    assert user.fails("TRUNCATE TABLE s.t") == DENIED
    assert client.fails("GRANT CREATE ON s.t TO reader") == ("0LP01", 3578)
    assert client.fails("GRANT SELECT ON s.t TO nobody") == ("42704", 5127)


def test_the_grants_are_listed(client: Client, reader: Callable[[], Client]) -> None:
    client.run("GRANT SELECT, INSERT ON s.t TO reader WITH GRANT OPTION")
    client.run("CREATE ROLE readers")
    client.run("GRANT readers TO reader")
    rows = client.run(
        "SELECT grantor, privileges_description, object_schema, object_name, "
        "object_type, grantee FROM v_catalog.grants WHERE grantee = 'Reader' "
        "ORDER BY object_type"
    )
    assert rows == [
        ["", "", None, "readers", "ROLE", "Reader"],
        ["dbadmin", "USAGE", None, "s", "SCHEMA", "Reader"],
        ["dbadmin", "SELECT*, INSERT*", "s", "t", "TABLE", "Reader"],
    ]
    client.run("CREATE USER third")
    user = reader()
    user.run("GRANT SELECT ON s.t TO third")
    assert user.fails("GRANT DELETE ON s.t TO third") == DENIED
    assert client.run("SELECT user_name, is_super_user FROM v_catalog.users "
                      "ORDER BY 1") == [
        ["Reader", False], ["dbadmin", True], ["third", False],
    ]  # fmt: skip


def test_a_role_s_privileges_count_once_it_is_enabled(
    client: Client, reader: Callable[[], Client]
) -> None:
    client.run("CREATE ROLE base")
    client.run("CREATE ROLE analyst")
    client.run("GRANT SELECT ON s.t TO base")
    client.run("GRANT base TO analyst")
    client.run("GRANT analyst TO reader")
    user = reader()
    assert user.fails("SELECT a FROM s.t") == DENIED
    user.run("SET ROLE analyst")
    assert user.run("SHOW ENABLED_ROLES")[0][1] == "analyst"
    assert user.run("SELECT a FROM s.t") == [[1]]
    user.run("SET ROLE NONE")
    assert user.fails("SELECT a FROM s.t") == DENIED
    assert user.fails("SET ROLE base")[0] == "42501"
    client.run("ALTER USER reader DEFAULT ROLE analyst")
    assert reader().run("SELECT a FROM s.t") == [[1]]
    assert client.fails("GRANT analyst TO base") == ("0LP01", 4306)
    client.run("DROP ROLE base")
    assert reader().fails("SELECT a FROM s.t") == DENIED


def test_an_owner_may_do_everything_with_its_own(
    client: Client, reader: Callable[[], Client]
) -> None:
    client.run("GRANT CREATE ON SCHEMA s TO reader")
    user = reader()
    user.run("CREATE TABLE s.own (a INT)")
    user.run("INSERT INTO s.own VALUES (1)")
    user.run("GRANT SELECT ON s.own TO PUBLIC")
    assert client.fails("DROP USER reader") == ("2BP01", 3128)
    user.run("TRUNCATE TABLE s.own")
    user.run("DROP TABLE s.own")
    client.run("DROP USER reader")


def test_accounts_and_grants_survive_a_restart(
    vertica: Vertica, tmp_path: Path
) -> None:
    def serve() -> tuple[Engine, VerticaServer, str, int]:
        engine = Engine(tmp_path)
        server = VerticaServer(engine, vertica.holds, name="vertica", logins={"u": "p"})
        return (engine, server, *server.start())

    engine, server, host, port = serve()
    with vertica.connect(host=host, port=port, user="u", password="p") as connection:
        client = Client(connection)
        client.run("CREATE TABLE t (a INT)")
        client.run("CREATE ROLE r")
        client.run("CREATE USER w IDENTIFIED BY 'q'")
        client.run("GRANT r TO w")
        client.run("ALTER USER w DEFAULT ROLE r")
        client.run("GRANT SELECT ON t TO r")
    server.stop()
    engine.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*.duckdb"))
    assert not re.search(rb"IDENTIFIED BY", kept)

    engine, server, host, port = serve()
    with vertica.connect(host=host, port=port, user="w", password="q") as connection:
        assert Client(connection).run("SELECT * FROM t") == []
        assert Client(connection).fails("DELETE FROM t") == DENIED
    server.stop()
    engine.close()
