from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest

from sandbox.engine import Engine
from sandbox.errors import SqlError
from sandbox.session import DATA, Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE_NAMES = [
    "plain",
    "with space",
    "a/b\\c",
    "quote \" and ' and ]",
    "..",
    "per%cent",
    "имя базы",
    "🚕" * 60,
]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(None)
    engine.create_database("vertica", "warehouse")
    yield engine
    engine.close()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    session = engine.session("vertica", "warehouse")
    session.write("CREATE TABLE t (i BIGINT)")
    yield session
    session.close()


def numbers(session: Session) -> list[object]:
    return [i for (i,) in session.read("SELECT i FROM t ORDER BY i").rows()]


@pytest.mark.parametrize("in_files", [False, True])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT content FROM read_text('{path}')",
        "SELECT * FROM read_csv('{path}')",
        "COPY (SELECT 1) TO '{path}'",
        "ATTACH '{path}' AS other",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_sql_reaches_no_file_but_the_databases(
    tmp_path: Path, sql: str, in_files: bool
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("for nobody else", encoding="utf-8")
    engine = Engine(tmp_path / "data" if in_files else None)
    engine.create_database("vertica", "warehouse")
    with closing(engine.session("vertica", "warehouse")) as session:
        session.write("CREATE TABLE t (i BIGINT)")
        with pytest.raises(duckdb.Error):
            session.read(sql.format(path=secret))
    engine.close()
    assert secret.read_text(encoding="utf-8") == "for nobody else"


def test_a_failing_statement_undoes_only_itself(session: Session) -> None:
    session.begin()
    session.write("INSERT INTO t VALUES (?)", [1])
    session.write(f"INSERT INTO t SELECT i FROM {DATA}", data=pa.table({"i": [2, 3]}))
    with pytest.raises(duckdb.ConversionException):
        session.write("INSERT INTO t SELECT CAST('x' AS INT)")
    assert session.in_transaction
    session.commit()
    assert numbers(session) == [1, 2, 3]


def test_a_failing_query_keeps_the_transaction(session: Session) -> None:
    session.begin()
    session.write("INSERT INTO t VALUES (1)")
    with pytest.raises(duckdb.Error):
        session.read("SELECT nothing FROM t").rows()
    session.commit()
    assert numbers(session) == [1]


def test_a_query_that_fails_while_streaming_keeps_the_transaction(
    session: Session,
) -> None:
    session.begin()
    session.write("INSERT INTO t VALUES (1)")
    late = "CASE WHEN i = 999999 THEN CAST('x' AS INT) ELSE 1 END"
    result = session.read(f"SELECT {late} FROM range(1000000) AS r(i)")
    with pytest.raises(duckdb.Error):
        result.table()
    session.commit()
    assert numbers(session) == [1]


def test_an_interrupt_never_reaches_a_commit(session: Session) -> None:
    for number in range(50):
        session.begin()
        session.write("INSERT INTO t VALUES (?)", [number])
        thread = threading.Thread(target=session.interrupt)
        thread.start()
        session.commit()
        thread.join()
    assert len(numbers(session)) == 50


def test_rolling_back_leaves_nothing(session: Session) -> None:
    session.begin()
    session.write("INSERT INTO t VALUES (1)")
    session.rollback()
    assert not session.in_transaction
    assert numbers(session) == []


def test_rolling_back_to_a_savepoint_keeps_what_came_before(session: Session) -> None:
    session.begin()
    session.write("INSERT INTO t VALUES (1)")
    mark = session.savepoint()
    session.write("INSERT INTO t VALUES (2)")
    session.rollback_to(mark)
    session.write("INSERT INTO t VALUES (3)")
    session.commit()
    assert numbers(session) == [1, 3]


def test_a_transaction_sees_what_others_commit_meanwhile(
    engine: Engine, session: Session
) -> None:
    other = engine.session("vertica", "warehouse")
    session.begin()
    assert numbers(session) == []
    other.write("INSERT INTO t VALUES (1)")
    assert numbers(session) == [1]
    session.write("INSERT INTO t VALUES (2)")
    other.begin()
    other.write("INSERT INTO t VALUES (3)")
    assert numbers(session) == [1, 2]
    other.commit()
    assert numbers(session) == [1, 2, 3]
    session.rollback()
    assert numbers(session) == [1, 3]
    other.close()


def test_a_write_without_reading_still_knows_new_tables(
    engine: Engine, session: Session
) -> None:
    other = engine.session("vertica", "warehouse")
    session.begin()
    session.write("INSERT INTO t VALUES (1)")
    other.write("CREATE TABLE u (i BIGINT)")
    session.write("INSERT INTO u VALUES (2)", fresh=False)
    session.commit()
    assert other.read("SELECT i FROM u").rows() == [(2,)]
    other.close()


def test_a_transaction_that_cannot_be_replayed_is_reported_lost(
    engine: Engine, session: Session
) -> None:
    other = engine.session("vertica", "warehouse")
    session.begin()
    session.write("INSERT INTO t VALUES (1)")
    other.write("ALTER TABLE t RENAME TO u")
    with pytest.raises(SqlError) as lost:
        session.read("SELECT 1")
    assert lost.value.rollback
    assert not session.in_transaction
    session.commit()
    assert session.read("SELECT * FROM u").rows() == []
    other.close()


def test_a_commit_that_fails_says_so_and_keeps_nothing(
    engine: Engine, session: Session
) -> None:
    session.write("CREATE TABLE k (i BIGINT PRIMARY KEY)")
    other = engine.session("vertica", "warehouse")
    for each in (session, other):
        each.begin()
        each.write("INSERT INTO k VALUES (1)")
        each.write("INSERT INTO t VALUES (7)")
    other.commit()
    with pytest.raises(duckdb.Error):
        session.commit()
    assert not session.in_transaction
    assert numbers(session) == [7]
    other.close()


def test_a_result_streams_in_batches(session: Session) -> None:
    result = session.read("SELECT i FROM range(100000) AS r(i)")
    sizes = [batch.num_rows for batch in result]
    assert len(sizes) > 1
    assert sum(sizes) == 100_000


def test_an_unread_result_gives_way_to_the_next_statement(session: Session) -> None:
    unread = session.read("SELECT i FROM range(1000000) AS r(i)")
    session.write("INSERT INTO t VALUES (1)")
    assert numbers(session) == [1]
    assert list(unread) == []


def test_another_thread_can_interrupt(session: Session) -> None:
    timer = threading.Timer(0.2, session.interrupt)
    timer.start()
    with pytest.raises(duckdb.InterruptException):
        session.read("SELECT count(*) FROM range(100000000000) WHERE random() < 0")
    timer.join()


def test_an_unknown_database_is_a_key_error(engine: Engine) -> None:
    with pytest.raises(KeyError):
        engine.session("vertica", "nowhere")


def test_names_of_databases_ignore_case(engine: Engine) -> None:
    engine.create_database("vertica", "WAREHOUSE")
    assert engine.databases("vertica") == ["warehouse"]
    engine.session("vertica", "Warehouse").close()


def test_databases_in_a_folder_survive_a_restart(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    for name in HOSTILE_NAMES:
        engine.create_database("mssql_0", name)
    session = engine.session("mssql_0", "a/b\\c", schema="dbo")
    session.write("CREATE TABLE t (i INT)")
    session.write("INSERT INTO t VALUES (1)")
    session.close()
    engine.close()
    engine = Engine(tmp_path)
    assert engine.databases("mssql_0") == sorted(HOSTILE_NAMES)
    assert engine.databases("mssql_1") == []
    for name in HOSTILE_NAMES:
        session = engine.session("mssql_0", name, schema="dbo")
        rows = session.read("SELECT table_name FROM duckdb_tables()").rows()
        if name == "a/b\\c":
            assert session.read("SELECT i FROM dbo.t").rows() == [(1,)]
        assert isinstance(rows, list)
        session.close()
    engine.close()


def test_one_database_does_not_see_the_tables_of_another(engine: Engine) -> None:
    engine.create_database("mssql_0", "warehouse")
    ours = engine.session("vertica", "warehouse")
    theirs = engine.session("mssql_0", "warehouse")
    ours.write("CREATE TABLE only_here (i INT)")
    with pytest.raises(duckdb.CatalogException):
        theirs.read("SELECT * FROM only_here")
    ours.close()
    theirs.close()
