"""A report is replaced in one transaction while others read it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.kit.vertica_client import PATIENCE, Background, Client, waiting

if TYPE_CHECKING:
    from tests.kit.vertica_client import Vertica

REFRESHES = 100
ROWS = 40


@pytest.mark.long
def test_readers_see_a_report_whole_through_a_hundred_refreshes(
    vertica: Vertica, client: Client
) -> None:
    client.run("CREATE TABLE source (a INT)")
    values = ", ".join(f"({a})" for a in range(ROWS))
    client.run(f"INSERT INTO source VALUES {values}")
    client.run("CREATE TABLE run (number INT)")
    client.run("INSERT INTO run VALUES (0)")
    client.run("CREATE VIEW fresh AS SELECT number, a FROM run CROSS JOIN source")
    client.run("CREATE TABLE report (number INT, a INT)")
    client.run("INSERT INTO report SELECT * FROM fresh")
    client.connection.commit()
    stopped = threading.Event()
    pollers = [_Poller(Client(vertica.connect()), stopped) for _ in range(3)]
    for number in range(1, REFRESHES + 1):
        client.run("DELETE FROM report")
        client.run("UPDATE run SET number = number + 1")
        client.run("INSERT INTO report SELECT * FROM fresh")
        if number % 10 == 0:
            client.connection.rollback()
            client.run("UPDATE run SET number = number + 1")
            client.run("DELETE FROM report")
            client.run("INSERT INTO report SELECT * FROM fresh")
        client.connection.commit()
    stopped.set()
    seen = [poller.finish() for poller in pollers]
    for polls in seen:
        assert {(rows, versions) for rows, versions, _ in polls} == {(ROWS, 1)}
        numbers = [number for _, _, number in polls]
        assert numbers == sorted(numbers)
        assert numbers[-1] > numbers[0]
    assert client.run("SELECT MAX(number) FROM report") == [[REFRESHES]]


class _Poller:
    """Reads the report again and again: rows, versions among them, the newest."""

    def __init__(self, client: Client, stopped: threading.Event) -> None:
        self._polls: list[tuple[int, int, int]] = []
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._poll, args=(client, stopped))
        self._thread.start()

    def _poll(self, client: Client, stopped: threading.Event) -> None:
        try:
            while not stopped.is_set():
                (row,) = client.run(
                    "SELECT COUNT(*), COUNT(DISTINCT number), MAX(number) FROM report"
                )
                self._polls.append((row[0], row[1], row[2]))
        except Exception as failure:  # noqa: BLE001 - handed to the test
            self._fault = failure

    def finish(self) -> list[tuple[int, int, int]]:
        self._thread.join(PATIENCE)
        assert self._fault is None
        return self._polls


def test_refreshes_of_one_report_queue(
    client: Client, other: Client, table: str
) -> None:
    client.run(f"INSERT INTO {table} VALUES (1, 'old')")
    client.connection.commit()
    client.run(f"DELETE FROM {table}")
    client.run(f"INSERT INTO {table} VALUES (1, 'first')")
    second = Background(other, f"DELETE FROM {table}")
    assert waiting(client, second)
    client.connection.commit()
    assert second.finish() is None
    assert other.run(f"INSERT INTO {table} VALUES (1, 'second')") == [[1]]
    assert client.run(f"SELECT b FROM {table}") == [["first"]]
    other.connection.commit()
    assert client.run(f"SELECT b FROM {table}") == [["second"]]
