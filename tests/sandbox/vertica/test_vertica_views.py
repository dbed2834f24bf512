from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.kit.vertica_client import Client

DAILY = """CREATE VIEW s.daily (city, orders) AS
    SELECT city, COUNT(*) FROM s.trips GROUP BY city"""


@pytest.fixture
def trips(client: Client) -> None:
    client.run("CREATE SCHEMA s")
    client.run("CREATE TABLE s.trips (city VARCHAR(40) NOT NULL, fare NUMERIC(9,2))")
    client.run("INSERT INTO s.trips VALUES ('Omsk', 1.5), ('Omsk', 2), ('Perm', 3)")
    client.connection.commit()


@pytest.mark.usefixtures("trips")
def test_a_view_shows_what_its_tables_hold_now(client: Client, other: Client) -> None:
    client.run(DAILY)
    assert client.run("SELECT * FROM s.daily ORDER BY 1") == [["Omsk", 2], ["Perm", 1]]
    other.run("INSERT INTO s.trips VALUES ('Perm', 4)")
    other.connection.commit()
    rows = client.run("SELECT d.orders FROM s.daily d WHERE d.city = 'Perm'")
    assert rows == [[2]]


@pytest.mark.usefixtures("trips")
def test_a_view_s_columns_have_names_and_types(client: Client) -> None:
    client.run(DAILY)
    client.run("SELECT * FROM s.daily")
    described = [
        (c.name, c.type_name, c.display_size) for c in client.cursor.description
    ]
    assert described == [("city", "Varchar", 40), ("orders", "Integer", 20)]
    assert client.run(
        "SELECT column_name, data_type, ordinal_position FROM v_catalog.view_columns "
        "WHERE table_schema = 's' AND table_name = 'daily' ORDER BY 3"
    ) == [["city", "varchar(40)", 1], ["orders", "int", 2]]
    assert client.run(
        "SELECT table_name, table_type FROM v_catalog.all_tables ORDER BY 1"
    ) == [["daily", "VIEW"], ["trips", "TABLE"]]
    assert client.run("SELECT table_name FROM v_catalog.tables") == [["trips"]]
    text = client.run("SELECT view_definition FROM v_catalog.views")[0][0]
    assert text == "SELECT city, COUNT(*) FROM s.trips GROUP BY city"


@pytest.mark.usefixtures("trips")
def test_making_a_view_commits_and_survives_a_rollback(
    client: Client, other: Client
) -> None:
    client.run("INSERT INTO s.trips VALUES ('Ufa', 1)")
    client.run(DAILY)
    client.connection.rollback()
    assert other.run("SELECT orders FROM s.daily WHERE city = 'Ufa'") == [[1]]


@pytest.mark.usefixtures("trips")
def test_a_view_may_read_views_and_be_joined_and_inserted_from(client: Client) -> None:
    client.run(DAILY)
    client.run(
        "CREATE VIEW s.ranked AS WITH d AS (SELECT * FROM s.daily) "
        "SELECT city, orders, RANK() OVER (ORDER BY orders DESC) AS place FROM d"
    )
    client.run("CREATE TABLE s.report (city VARCHAR(40), orders INT, place INT)")
    assert client.run("INSERT INTO s.report SELECT * FROM s.ranked") == [[2]]
    assert client.run(
        "SELECT r.city, r.place, v.orders FROM s.report r "
        "JOIN s.daily v ON v.city = r.city ORDER BY 1"
    ) == [["Omsk", 1, 2], ["Perm", 2, 1]]


@pytest.mark.usefixtures("trips")
def test_a_view_of_the_moment_tells_the_moment_of_its_use(client: Client) -> None:
    client.run("CREATE VIEW s.age AS SELECT NOW() AS seen, CURRENT_USER AS who")
    (first, who), (second, _) = (client.run("SELECT * FROM s.age")[0] for _ in "12")
    assert second > first
    assert who == "dbadmin"


@pytest.mark.usefixtures("trips")
def test_a_view_that_cannot_be_is_refused(client: Client) -> None:
    client.run(DAILY)
    for statement, fault in {
        "CREATE VIEW s.v AS SELECT missing FROM s.trips": ("42703", 2624),
        "CREATE VIEW s.v AS SELECT 1 FROM s.missing": ("42V01", 4566),
        "CREATE VIEW s.v (a) AS SELECT 1, 2": ("42601", 2672),
        "CREATE VIEW s.v AS SELECT fare, fare FROM s.trips": ("42701", 2622),
        "CREATE OR REPLACE VIEW s.trips AS SELECT 1": ("42710", 4213),
        "CREATE OR REPLACE VIEW s.daily AS SELECT * FROM s.daily": ("42P16", 5160),
        "CREATE VIEW s.v AS DELETE FROM s.trips": ("42601", 4856),
        "DELETE FROM s.daily": ("42809", 5263),
        "COPY s.daily FROM STDIN": ("42809", 5263),
    }.items():
        assert client.fails(statement) == fault, statement
    assert client.run("SELECT COUNT(*) FROM s.daily") == [[2]]


@pytest.mark.usefixtures("trips")
def test_views_do_not_read_themselves_through_others(client: Client) -> None:
    client.run(DAILY)
    client.run("CREATE VIEW s.over AS SELECT city FROM s.daily")
    closing = "CREATE OR REPLACE VIEW s.daily AS SELECT city, 1 AS n FROM s.over"
    assert client.fails(closing) == ("42P16", 5160)


@pytest.mark.usefixtures("trips")
def test_a_view_is_broken_while_its_table_is_away(client: Client) -> None:
    client.run(DAILY)
    client.run("ALTER TABLE s.trips RENAME TO old")
    assert client.fails("SELECT * FROM s.daily")[0] == "42V01"
    client.run("ALTER TABLE s.old RENAME TO trips")
    assert client.run("SELECT COUNT(*) FROM s.daily") == [[2]]
    client.run("DROP VIEW s.daily")
    client.run("DROP VIEW IF EXISTS s.daily")
    assert client.run("SELECT COUNT(*) FROM v_catalog.view_columns") == [[0]]
