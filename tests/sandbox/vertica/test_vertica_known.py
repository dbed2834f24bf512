"""A statement sent again answers by what its names mean now."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kit.vertica_client import Client

if TYPE_CHECKING:
    from tests.kit.vertica_client import Vertica

QUERY = "SELECT * FROM seen"
STRINGS = st.text(st.sampled_from("ab1'\"-\\$%é "), max_size=4)


def test_a_repeated_query_follows_every_new_definition(
    client: Client, other: Client
) -> None:
    client.run("CREATE TABLE t (a INT)")
    client.run("INSERT INTO t VALUES (1)")
    client.run("CREATE VIEW seen AS SELECT a FROM t")
    assert [client.run(QUERY), other.run(QUERY)] == [[[1]], [[1]]]
    client.run("CREATE OR REPLACE VIEW seen AS SELECT a + 1 AS b, 'x' AS c FROM t")
    assert [client.run(QUERY), other.run(QUERY)] == [[[2, "x"]], [[2, "x"]]]
    assert [column.name for column in other.cursor.description] == ["b", "c"]
    client.run("DROP VIEW seen")
    assert client.fails(QUERY)[0] == "42V01"
    client.run("CREATE TABLE seen (d VARCHAR(3))")
    assert other.run(QUERY) == []
    assert other.cursor.description[0].display_size == len("abc")
    client.run("ALTER TABLE seen, t, spare RENAME TO spare, seen, t")
    assert other.run(QUERY) == [[1]]


def test_a_repeated_query_reads_the_session_s_own_table(
    client: Client, other: Client
) -> None:
    client.run("CREATE TABLE seen (a INT)")
    assert [client.run(QUERY), other.run(QUERY)] == [[], []]
    client.run("CREATE LOCAL TEMP TABLE seen (b INT) ON COMMIT PRESERVE ROWS")
    client.run("INSERT INTO seen VALUES (5)")
    assert [client.run(QUERY), other.run(QUERY)] == [[[5]], []]


def test_a_repeated_query_is_denied_once_its_privilege_is_gone(
    vertica: Vertica, client: Client
) -> None:
    client.run("CREATE TABLE seen (a INT)")
    client.run("CREATE USER u")
    client.run("GRANT SELECT ON seen TO u")
    user = Client(vertica.connect(user="u", password=""))
    assert [client.run(QUERY), user.run(QUERY)] == [[], []]
    client.run("REVOKE SELECT ON seen FROM u")
    assert user.fails(QUERY)[0] == "42501"
    assert client.run(QUERY) == []


def test_a_repeated_query_sees_the_rows_and_the_moment_of_now(client: Client) -> None:
    client.run("CREATE TABLE seen (a INT)")
    query = "SELECT COUNT(*), NOW() FROM seen"
    (first, then) = client.run(query)[0]
    client.run("INSERT INTO seen VALUES (1)")
    (second, later) = client.run(query)[0]
    assert (first, second) == (0, 1)
    assert later > then


texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
cells = st.tuples(
    st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
    st.none() | texts,
    st.none() | st.decimals(-(10**12), 10**12, places=4, allow_nan=False),
    st.none() | st.booleans(),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(cells, min_size=1, max_size=3))
def test_inserted_literals_are_stored_as_written(
    client: Client, rows: list[tuple[Any, ...]]
) -> None:
    client.run("CREATE TABLE IF NOT EXISTS w (a INT, b VARCHAR(80), c NUMERIC(18,4), "
               "d BOOLEAN, n INT)")  # fmt: skip
    client.run("DELETE FROM w")
    values = ", ".join(_row(number, row) for number, row in enumerate(rows))
    assert client.run(f"INSERT INTO w VALUES {values}") == [[len(rows)]]
    stored = client.run("SELECT a, b, c, d FROM w ORDER BY n")
    assert stored == [list(row) for row in rows]


def _row(number: int, row: tuple[Any, ...]) -> str:
    return "(" + ", ".join([*map(_literal, row), str(number)]) + ")"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def test_other_strings_in_the_same_query_find_other_rows(client: Client) -> None:
    client.run("CREATE TABLE d (name VARCHAR(10), day DATE, n INT)")
    for number, name in enumerate(["ab", "cd", "e''"]):
        day = f"DATE '2019-03-{14 + number}'"
        client.run(f"INSERT INTO d VALUES ('{name}', {day}, {number})")

    def asked(name: str, day: str) -> list[list[Any]]:
        where = f"name = '{name}' AND day = DATE '2019-03-{day}'"
        return client.run(f"SELECT n FROM d WHERE {where}")

    assert [asked("ab", "14"), asked("cd", "15"), asked("e''", "16")] == [
        [[0]], [[1]], [[2]],
    ]  # fmt: skip
    assert [asked("ab", "15"), asked("ab", "14")] == [[], [[0]]]


def test_strings_that_have_a_meaning_are_read_each_time(client: Client) -> None:
    client.run("CREATE TABLE d (day DATE)")
    client.run("INSERT INTO d VALUES (DATE '2019-03-14')")

    def shown(pattern: str) -> list[list[Any]]:
        return client.run(f"SELECT TO_CHAR(day, '{pattern}') FROM d")

    assert [shown("----"), shown("YYYY"), shown("MMDD")] == [
        [["----"]], [["2019"]], [["0314"]],
    ]  # fmt: skip


def test_a_string_is_not_taken_for_its_neighbour(client: Client) -> None:
    client.run("CREATE TABLE d (a VARCHAR(5), b VARCHAR(5))")
    client.run("INSERT INTO d VALUES ('x', 'y')")

    def count(a: str, b: str) -> list[list[Any]]:
        return client.run(f"SELECT COUNT(*) FROM d WHERE b = '{b}' AND a = '{a}'")

    assert [count("x", "x"), count("x", "y"), count("y", "x")] == [[[0]], [[1]], [[0]]]


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(STRINGS, STRINGS), min_size=2, max_size=5))
def test_every_query_answers_for_its_own_strings(
    client: Client, pairs: list[tuple[str, str]]
) -> None:
    client.run("CREATE TABLE IF NOT EXISTS one (n INT)")
    if not client.run("SELECT n FROM one"):
        client.run("INSERT INTO one VALUES (1)")
    for left, right in pairs:
        texts = [text.replace("'", "''") for text in (left, right)]
        found = client.run("SELECT n FROM one WHERE '{}' = '{}'".format(*texts))
        assert bool(found) == (left == right)
