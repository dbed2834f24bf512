"""Who reads a report while it is refreshed sees the old one or the new one, whole."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.clients import connect_vertica
from sandbox.control import Control
from tests.kit.project import finished
from tests.kit.reporting import REPORTS, Reporting, numbered, refreshed

REPORT = "daily_orders"
FAR = 200
"""From this day on, loads run beside the refreshes."""

Seen = dict[str, set[frozenset[tuple[object, ...]]]]


def looked(reporting: Reporting, versions: Seen) -> None:
    """Keep each report as it is now."""
    for name in REPORTS:
        versions[name].add(frozenset(map(tuple, reporting.report(name))))


@contextmanager
def polling(reporting: Reporting) -> Iterator[Seen]:
    """What a reader sees of every report, that reads them in a tight loop."""
    seen: Seen = defaultdict(set)
    enough = threading.Event()

    def read() -> None:
        with connect_vertica(reporting.sandbox.addresses) as connection:
            cursor = connection.cursor()
            while not enough.is_set():
                for name in REPORTS:
                    cursor.execute(f"SELECT * FROM {reporting.schema}.{name}")
                    seen[name].add(frozenset(map(tuple, cursor.fetchall())))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        enough.set()
        reader.join(60)
    assert not reader.is_alive()


def read_through(reporting: Reporting, rounds: int) -> None:
    """Refresh all reports some times, with a load and a reader beside them."""
    shards = [reporting.add_tables() for _ in range(2)]
    for shard in shards:
        for at in range(rounds + 1):
            reporting.fill(shard, numbered(at), rows=5, first=1 + 10 * at)
            far = numbered(FAR + at)
            reporting.fill(shard, far, rows=5, first=10 * (FAR + at))
    versions: Seen = defaultdict(set)
    assert reporting.refresh(numbered(0)).code == 0
    looked(reporting, versions)
    with polling(reporting) as seen:
        for at in range(1, rounds + 1):
            beside = reporting.start(
                "shardline", "run", "all", "--date", numbered(FAR + at)
            )
            result = reporting.refresh(numbered(at))
            assert (result.code, result.err) == (0, "")
            assert result.out == f"reports {numbered(at)}: {refreshed(5)}\n"
            looked(reporting, versions)
            assert finished(beside).code == 0
    for name in REPORTS:
        assert len(versions[name]) == rounds + 1
        assert seen[name] <= versions[name]
        assert len(seen[name]) > 1


@pytest.mark.timeout(300)
def test_no_reader_ever_sees_an_empty_or_a_mixed_report_in_10_refreshes(
    reporting: Reporting,
) -> None:
    read_through(reporting, rounds=2)


@pytest.mark.long
@pytest.mark.timeout(2_400)
def test_no_reader_ever_sees_an_empty_or_a_mixed_report_in_200_refreshes(
    reporting: Reporting,
) -> None:
    read_through(reporting, rounds=40)


def wait_for_a_lock(reporting: Reporting, table: str) -> None:
    """Wait until somebody queues on a table's lock."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for name, scope in reporting.on_warehouse(
            "SELECT object_name, lock_scope FROM v_monitor.locks"
        ):
            if scope == "REQUESTED" and str(name).endswith(table):
                return
    raise TimeoutError(f"nobody waits for {table}")


@pytest.mark.long
def test_refreshes_of_one_report_queue_on_its_lock(reporting: Reporting) -> None:
    shard = reporting.add_tables()
    reporting.fill(shard, numbered(0), rows=3, first=1)
    reporting.fill(shard, numbered(1), rows=4, first=11)
    both = [reporting.start_refresh(numbered(0), REPORT) for _ in range(2)]
    assert [(one.code, one.err) for one in map(finished, both)] == [(0, "")] * 2
    old = reporting.report(REPORT)
    assert [row[3] for row in old] == [3]

    control: Control = reporting.sandbox.control
    first = reporting.start_refresh(numbered(1), REPORT, paused=True)
    marker = control.hold(
        r'^INSERT INTO "\w+"\."report_markers"',
        when="after",
        server="vertica",
        client_pid=first.pid,
    )
    first.resume()
    control.wait(marker)
    second = reporting.start_refresh(numbered(1), REPORT)
    wait_for_a_lock(reporting, f"{reporting.schema}.{REPORT}")
    assert reporting.report(REPORT) == old
    control.release("go", hold=marker)
    for one in (first, second):
        result = finished(one)
        assert (result.code, result.err) == (0, "")
        assert result.out == f"reports {numbered(1)}: {refreshed(1)}\n"
    control.remove(marker)
    assert [row[3] for row in reporting.report(REPORT)] == [3, 4]
    noted = f"SELECT COUNT(*) FROM {reporting.schema}.report_markers"
    assert reporting.on_warehouse(noted) == [[2]]
    assert set(reporting.outcomes()) <= {"loaded", "present"}


def test_a_view_that_is_made_anew_meanwhile_is_not_taken_for_the_reports_own(
    reporting: Reporting,
) -> None:
    reporting.fill(reporting.add_tables(), numbered(0), rows=3, first=1)
    control = reporting.sandbox.control
    process = reporting.start_refresh(numbered(0), REPORT, paused=True)
    own = rf'"{reporting.schema}"\."{REPORT}"'
    filling = control.hold(
        rf"^INSERT INTO {own}", server="vertica", client_pid=process.pid
    )
    process.resume()
    control.wait(filling)
    table, view = f"{reporting.schema}.{REPORT}", f"{reporting.schema}.{REPORT}_live"
    reporting.on_warehouse(f"DELETE FROM {reporting.schema}.report_views")
    reporting.on_warehouse(
        f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {table} WHERE day IS NULL"
    )
    control.release("go", hold=filling)
    control.remove(filling)
    result = finished(process)
    assert (result.code, result.err) == (0, "")
    assert [row[3] for row in reporting.report(REPORT)] == [3]
    assert reporting.outcomes() == ["loaded", "failed", "loaded"]
