"""What a process has seen in the warehouse, asked by several of its threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from pipelines.warehouse import Connection, cached_markers
from tests.kit.project import Project


def test_threads_that_ask_at_once_share_no_connection_and_the_next_has_a_kept_one(
    project: Project,
) -> None:
    markers, both_ask = cached_markers(project.warehouse), Barrier(2, timeout=60)
    kept = markers.ask(lambda connection: connection)
    found: list[Connection] = []

    def ask_for(number: int) -> list[list[object]]:
        def question(connection: Connection) -> list[list[object]]:
            found.append(connection)
            both_ask.wait()
            return connection.query(f"SELECT {number}")

        return markers.ask(question)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(ask_for, (1, 2))) == [[[1]], [[2]]]
    assert found[0] is not found[1]
    assert kept in found
    assert markers.ask(lambda connection: connection) in found
