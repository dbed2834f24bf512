from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kit.vertica_client import Client

LOADED = "COPY t FROM STDIN DELIMITER ',' REJECTED DATA AS TABLE refused"
KEPT = "SELECT row_number, rejected_data, rejected_reason FROM refused ORDER BY 1"


def test_refused_rows_are_kept_in_a_table(client: Client, table: str) -> None:
    client.copy(LOADED, "1,x\ny,é\n3,z\n")
    assert client.run(f"SELECT a FROM {table} ORDER BY a") == [[1], [3]]
    reason = "Invalid integer format 'y' for column 1 (a)"
    assert client.run(KEPT) == [[2, "y,é", reason]]
    client.copy(LOADED, "w,x")
    assert len(client.run(KEPT)) == 2
    described = "SELECT rejected_data_orig_length FROM refused WHERE row_number = 2"
    assert client.run(described) == [[4]]


def test_the_table_exists_even_when_nothing_is_refused(
    client: Client, table: str
) -> None:
    client.copy(LOADED, "1,x")
    assert client.run(KEPT) == []
    client.run(f"DROP TABLE {table}")
    client.run("DROP TABLE refused")


def test_rejects_undone_with_their_copy_are_not_kept(
    client: Client, table: str
) -> None:
    client.copy(LOADED, "1,x")
    client.copy(f"{LOADED} NO COMMIT", "2,x\nv,w")
    client.connection.rollback()
    assert client.run(KEPT) == []
    assert client.run(f"SELECT COUNT(*) FROM {table}") == [[1]]


def test_a_table_of_other_columns_takes_no_rejects(client: Client, table: str) -> None:
    client.run("CREATE TABLE refused (a INT)")
    assert client.fails(LOADED) == ("0A000", 5366)
    client.run("DROP TABLE refused")
    assert client.fails(f"{LOADED} NO COMMIT") == ("0A000", 5366)
    assert client.run(f"SELECT COUNT(*) FROM {table}") == [[0]]
