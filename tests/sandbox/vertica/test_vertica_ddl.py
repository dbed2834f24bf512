from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from vertica_python import errors

from sandbox.engine import Engine
from sandbox.vertica.server import VerticaServer
from tests.kit.vertica_client import Client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.vertica_client import Vertica


def test_storage_clauses_are_read(client: Client) -> None:
    client.run(
        "CREATE TABLE IF NOT EXISTS t (id INT NOT NULL ENCODING RLE, d DATE NOT NULL) "
        "ORDER BY d, id SEGMENTED BY HASH(id, d) ALL NODES KSAFE 1 "
        "PARTITION BY d GROUP BY CALENDAR_HIERARCHY_DAY(d, 2, 2)"
    )
    client.run("CREATE TABLE u (a INT) UNSEGMENTED ALL NODES")
    assert client.run(
        "SELECT partition_expression FROM v_catalog.tables WHERE table_name = 't'"
    ) == [["d GROUP BY CALENDAR_HIERARCHY_DAY(d, 2, 2)"]]
    assert client.fails("CREATE TABLE v (a INT) ORDERED BY a")[0] == "42601"


def test_the_catalog_tells_what_was_declared(client: Client) -> None:
    client.run("CREATE SCHEMA Sales")
    client.run(
        "CREATE TABLE sales.Orders (Id INT NOT NULL, v VARCHAR(20) DEFAULT 'x', "
        "n NUMERIC(10,2), CONSTRAINT pk PRIMARY KEY (Id) ENABLED)"
    )
    assert client.run(
        "SELECT column_name, data_type, data_type_length, character_maximum_length, "
        "numeric_precision, numeric_scale, ordinal_position, is_nullable, "
        "column_default FROM columns WHERE table_schema ILIKE 'sales' "
        "ORDER BY ordinal_position"
    ) == [
        ["Id", "int", 8, None, None, None, 1, False, ""],
        ["v", "varchar(20)", 20, 20, None, None, 2, True, "'x'"],
        ["n", "numeric(10,2)", 8, None, 10, 2, 3, True, ""],
    ]
    assert client.run(
        "SELECT c.constraint_name, c.constraint_type, c.is_enabled, k.column_name "
        "FROM v_catalog.table_constraints c JOIN v_catalog.constraint_columns k "
        "ON c.constraint_id = k.constraint_id"
    ) == [["pk", "p", True, "Id"]]
    assert client.run("SELECT schema_name FROM v_catalog.schemata ORDER BY 1") == [
        ["Sales"],
        ["public"],
    ]


def test_names_are_found_in_any_case(client: Client) -> None:
    client.run('CREATE TABLE "MixedCase" ("Some Column" INT, "sel""ect" INT)')
    client.run('INSERT INTO mixedcase ("some column") VALUES (1)')
    rows = client.run('SELECT "SOME COLUMN", "sel""ect" FROM PUBLIC.MIXEDCASE')
    assert rows == [[1, None]]
    assert client.fails("CREATE TABLE MIXEDCASE (a INT)")[0] == "42710"


def test_defaults_fill_what_an_insert_leaves_out(client: Client) -> None:
    client.run(
        "CREATE TABLE t (a INT, b VARCHAR(9) DEFAULT 'x' || 'y', c INT DEFAULT 5)"
    )
    client.run("INSERT INTO t (a) VALUES (1)")
    client.run("INSERT INTO t VALUES (2, DEFAULT, 7)")
    client.copy("COPY t (a) FROM STDIN", "3")
    rows = client.run("SELECT * FROM t ORDER BY a")
    assert rows == [[1, "xy", 5], [2, "xy", 7], [3, "xy", 5]]


def test_tables_swap_names_in_one_statement(client: Client) -> None:
    for name, value in (("t", 1), ("staging", 2)):
        client.run(f"CREATE TABLE {name} (a INT)")
        client.run(f"INSERT INTO {name} VALUES ({value})")
    client.run("ALTER TABLE t, staging, spare RENAME TO spare, t, staging")
    assert client.run("SELECT a FROM t") == [[2]]
    assert client.run("SELECT a FROM staging") == [[1]]
    assert client.fails("ALTER TABLE t RENAME TO staging")[0] == "42710"
    assert client.fails("ALTER TABLE missing RENAME TO u")[0] == "42V01"
    assert client.run("SELECT COUNT(*) FROM v_catalog.tables") == [[2]]


def test_a_table_like_another_has_its_columns_and_keys(client: Client) -> None:
    client.run("CREATE TABLE t (a INT PRIMARY KEY ENABLED, b VARCHAR(9) NOT NULL)")
    client.run("CREATE TABLE u LIKE t INCLUDING PROJECTIONS")
    client.run("INSERT INTO u VALUES (1, 'x')")
    assert client.fails("INSERT INTO u VALUES (1, 'y')")[0] == "23505"
    assert client.fails("INSERT INTO u (a) VALUES (2)")[0] == "22004"
    assert client.run("SELECT COUNT(*) FROM t") == [[0]]


def test_a_table_may_be_made_of_a_query(client: Client) -> None:
    client.run("CREATE TABLE t AS SELECT 1 AS a, 'héé'::VARCHAR(7) AS b, NOW() AS c")
    client.run("SELECT * FROM t")
    described = [(c.name, c.type_name) for c in client.cursor.description]
    assert described == [("a", "Integer"), ("b", "Varchar"), ("c", "TimestampTz")]
    assert client.cursor.description[1].display_size == 7
    assert client.run("SELECT a, b FROM t") == [[1, "héé"]]


def test_views_show_their_query(client: Client) -> None:
    client.run("CREATE TABLE t (a INT)")
    client.run("CREATE VIEW v AS SELECT a + 1 AS b FROM t")
    client.run("INSERT INTO t VALUES (1)")
    assert client.run("SELECT b FROM v") == [[2]]
    assert client.fails("CREATE VIEW v AS SELECT 1")[0] == "42710"
    client.run("CREATE OR REPLACE VIEW v AS SELECT a * 10 AS b FROM t")
    assert client.run("SELECT b FROM v") == [[10]]
    assert client.fails("INSERT INTO v VALUES (1)")[0] == "42809"
    assert client.fails("DROP TABLE v")[0] == "42V01"
    client.run("DROP VIEW v")
    assert client.fails("SELECT * FROM v")[0] == "42V01"


def test_sequences_count(client: Client, other: Client) -> None:
    client.run("CREATE SEQUENCE s START 5 INCREMENT BY 2")
    assert client.run("SELECT NEXTVAL('s')") == [[5]]
    assert other.run("SELECT s.NEXTVAL") == [[7]]
    client.run("CREATE TABLE t (a INT, b INT)")
    client.run("INSERT INTO t VALUES (NEXTVAL('s'), 1)")
    assert client.fails("INSERT INTO t VALUES ('x', 2)")[0] == "22V02"
    client.connection.commit()
    assert client.run("SELECT a FROM t") == [[9]]
    client.run("DROP SEQUENCE s")


def test_temporary_tables_are_one_s_own(client: Client, other: Client) -> None:
    client.run("CREATE TABLE t (a INT)")
    client.run("CREATE LOCAL TEMP TABLE t (b VARCHAR(3)) ON COMMIT PRESERVE ROWS")
    client.run("CREATE LOCAL TEMPORARY TABLE u (c INT)")
    client.run("INSERT INTO t VALUES ('x')")
    client.run("INSERT INTO u VALUES (1)")
    client.copy("COPY u FROM STDIN", "2")
    assert client.run("SELECT COUNT(*) FROM u") == [[2]]
    client.connection.commit()
    assert client.run("SELECT b FROM t") == [["x"]]
    assert client.run("SELECT COUNT(*) FROM u") == [[0]]
    assert other.run("SELECT * FROM t") == []
    assert other.fails("SELECT * FROM u")[0] == "42V01"
    client.run("DROP TABLE t")
    assert client.run("SELECT a FROM t") == []


def test_dropping_what_is_not_there_may_be_fine(client: Client) -> None:
    for kind in ("TABLE", "VIEW", "SCHEMA", "SEQUENCE"):
        client.run(f"DROP {kind} IF EXISTS missing")
    client.run("DROP TABLE IF EXISTS missing.t CASCADE")


def test_a_schema_with_tables_needs_cascade(client: Client) -> None:
    client.run("CREATE SCHEMA s")
    client.run("CREATE TABLE s.t (a INT)")
    assert client.fails("DROP SCHEMA s")[0] == "2BP01"
    client.run("DROP SCHEMA s CASCADE")
    assert client.fails("SELECT * FROM s.t")[0] == "3F000"
    assert client.run("SELECT COUNT(*) FROM v_catalog.columns") == [[0]]


def test_declarations_survive_a_restart(vertica: Vertica, tmp_path: Path) -> None:
    def serve() -> tuple[Engine, VerticaServer, Client]:
        engine = Engine(tmp_path)
        server = VerticaServer(engine, vertica.holds, name="vertica", logins={"u": "p"})
        host, port = server.start()
        connection = vertica.connect(host=host, port=port, user="u", password="p")
        return engine, server, Client(connection)

    engine, server, client = serve()
    client.run("CREATE SCHEMA s")
    client.run(
        "CREATE TABLE s.t (a INT PRIMARY KEY ENABLED, b VARCHAR(3) DEFAULT 'x', "
        "c INTERVAL DAY TO SECOND(4), d LONG VARCHAR, e TIMESTAMPTZ NOT NULL)"
    )
    client.run("CREATE VIEW v AS SELECT a FROM s.t")
    client.run("INSERT INTO s.t (a, e) VALUES (1, '2019-01-01')")
    client.connection.commit()
    client.run("SELECT * FROM s.t")
    before = [tuple(c) for c in client.cursor.description]
    client.connection.close()
    server.stop()
    engine.close()

    engine, server, client = serve()
    assert client.run("SELECT a, b FROM s.t") == [[1, "x"]]
    client.run("SELECT * FROM s.t")
    assert [tuple(c) for c in client.cursor.description] == before
    assert client.run("SELECT a FROM v") == [[1]]
    assert client.fails("INSERT INTO s.t (a, e) VALUES (1, '2019-01-01')")[0] == "23505"
    with pytest.raises(errors.QueryError, match="too long"):
        client.run("INSERT INTO s.t (a, b, e) VALUES (2, 'long', '2019-01-01')")
    client.connection.close()
    server.stop()
    engine.close()
