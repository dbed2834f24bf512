"""The log of refreshes tells how each ended, whatever became of its process."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from pipelines.alerts import Event
from pipelines.etl_db import alerts_table
from sandbox.holds import When
from tests.kit.project import finished, kill
from tests.kit.reporting import Reporting, numbered

REPORT = "daily_orders"
DAY, NEXT = numbered(0), numbered(1)
FILL = rf'^INSERT INTO "\w+"\."{REPORT}"'


def outcomes(reporting: Reporting) -> list[str | None]:
    """How the refreshes ended, in the order of their starts."""
    query = sa.text(
        "SELECT outcome FROM sessions WHERE task_name LIKE 'RefreshReport%'"
        " ORDER BY started"
    )
    with reporting.log() as log:
        return list(log.scalars(query))


def lost(reporting: Reporting) -> list[tuple[str, str, str]]:
    columns = alerts_table.c
    query = sa.select(columns.family, columns.subject, columns.day)
    with reporting.log() as log:
        found = log.execute(query.where(columns.event == Event.LOST))
        return [tuple(map(str, row)) for row in found]  # type: ignore[misc]


@pytest.fixture
def filled(reporting: Reporting) -> Reporting:
    """A report that is fresh for a day, and whose next day is there to be loaded."""
    shard = reporting.add_tables()
    for at, day in enumerate((DAY, NEXT)):
        reporting.fill(shard, day, rows=3, first=1 + 100 * at)
    assert reporting.refresh(DAY, REPORT).code == 0
    return reporting


@pytest.mark.parametrize(
    ("step", "when", "ended"),
    [(FILL, "before", "lost"), ("^COMMIT$", "after", "loaded")],
    ids=["before its commit", "after its commit"],
)
def test_a_killed_refresh_is_closed_when_the_next_run_begins(
    filled: Reporting, step: str, when: When, ended: str
) -> None:
    control = filled.sandbox.control
    process = filled.start_refresh(NEXT, REPORT, paused=True)
    fill = control.hold(FILL, server="vertica", client_pid=process.pid)
    process.resume()
    control.wait(fill)
    hold = control.hold(step, when=when, server="vertica", client_pid=process.pid)
    if step != FILL:
        control.release("go", hold=fill)
        control.wait(hold)
    kill(process)
    finished(process)
    for one in (fill, hold):
        control.release("kill", hold=one)
        control.remove(one)
    assert outcomes(filled) == ["loaded", None]
    for _ in range(2):
        assert filled.load(DAY).code == 0
    assert outcomes(filled) == ["loaded", ended]
    told = [("RefreshReport", REPORT, NEXT)] if ended == "lost" else []
    assert lost(filled) == told


def test_a_refresh_that_is_at_work_is_left_alone(filled: Reporting) -> None:
    control = filled.sandbox.control
    process = filled.start_refresh(NEXT, REPORT, paused=True)
    hold = control.hold(FILL, server="vertica", client_pid=process.pid)
    process.resume()
    control.wait(hold)
    assert filled.load(DAY).code == 0
    assert outcomes(filled) == ["loaded", None]
    control.remove(hold)
    assert finished(process).code == 0
    assert outcomes(filled) == ["loaded", "loaded"]
    assert lost(filled) == []
