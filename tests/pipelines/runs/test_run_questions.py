"""What a run itself asks is asked again; what it loaded is told when that is no use."""

from __future__ import annotations

import json

import pytest

from sandbox.holds import Failure
from tests.kit.backfilling import FIRST, LAST, backfill, command, filled
from tests.kit.project import ORDERS, Project, finished
from tests.kit.reporting import REPORTS, Reporting

QUESTION = r'^SELECT "(day|etl_id|fingerprint)"'
MARKERS = r'^SELECT "day", "source"'
BUSY = Failure("insufficient resources", sqlstate="53000")
OTHER = ORDERS.replace("[orders", "[other").replace(".orders", ".other")


@pytest.fixture
def project(project: Project) -> Project:
    project.options["load"] = {"attempts": "1"}
    project.options["run"] = {"retries": "2", "retry_pause": "0.01"}
    return project


def failing(project: Project, *words: str, step: str, skip: int, times: int) -> str:
    """Run a command some of whose questions fail; what it has told."""
    process = project.start(*words, paused=True)
    hold = project.sandbox.control.hold(
        step,
        action="fail",
        server="vertica",
        client_pid=process.pid,
        skip=skip,
        times=times,
        failure=BUSY,
    )
    process.resume()
    result = finished(process)
    assert project.sandbox.control.wait(hold)
    project.sandbox.control.remove(hold)
    return f"{result.code} {result.out}{result.err}"


@pytest.mark.parametrize("skip", range(5))
@pytest.mark.parametrize("purpose", [(), ("--recheck",)], ids=["load", "recheck"])
def test_a_busy_moment_of_the_warehouse_does_not_end_a_backfill(
    project: Project, purpose: tuple[str, ...], skip: int
) -> None:
    filled(project)
    project.create_target()
    if purpose:
        assert backfill(project).code == 0
    words = command(*purpose)
    told = failing(project, *words, step=QUESTION, skip=skip, times=3)
    loaded = "0 loaded, 0 skipped, 5" if purpose else "4 loaded, 1 skipped, 0"
    assert told.startswith(f"0 orders {FIRST} to {LAST}: 5 of 5")
    assert f"complete: {loaded} already there, 0 missing" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("skip", [0, 1, 2, 7])
def test_a_busy_moment_of_the_warehouse_does_not_end_a_refresh(
    reporting: Reporting, skip: int
) -> None:
    reporting.options["load"] = {"attempts": "1"}
    reporting.options["run"] = {"retries": "2", "retry_pause": "0.01"}
    shard = reporting.add_tables()
    reporting.fill(shard, FIRST, 3, 1)
    words = ("shardline", "refresh", "--date", FIRST, "--no-mail")
    told = failing(reporting, *words, step=QUESTION, skip=skip, times=3)
    assert (
        told
        == f"0 reports {FIRST}: {len(REPORTS)} refreshed, 0 fresh already, 0 stale\n"
    )


@pytest.mark.parametrize("what", ["plan", "status", "clear"])
def test_a_busy_moment_of_the_warehouse_does_not_end_what_only_looks(
    project: Project, what: str
) -> None:
    project.options["load"] = {"attempts": "2", "backoff": "0.01"}
    project.add_shard()
    project.create_target()
    words = ("shardline", what, "--from", FIRST, "--to", LAST)
    more = ("--dry-run",) if what == "clear" else ()
    told = failing(project, *words, *more, step='^SELECT "day"', skip=0, times=2)
    assert told.startswith("0 ")
    assert "Vertica" not in told


@pytest.mark.parametrize(
    ("skip", "report"),
    [
        # After the first slice, before the second; and before anybody has looked.
        (3, "5 of 10 days of shards complete: 4 loaded, 1 skipped"),
        (2, "5 of 10 days of shards complete: 4 loaded, 1 skipped"),
        (1, "0 of 10 days of shards complete: 0 loaded, 0 skipped"),
    ],
)
def test_what_was_loaded_is_reported_when_the_warehouse_answers_no_more(
    project: Project, skip: int, report: str
) -> None:
    for _ in range(2):
        filled(project)
    project.create_target()
    project.options["load"]["slice_tasks"] = "1"
    told = failing(project, *command(), step=MARKERS, skip=skip, times=1_000)
    summary, line = told.strip().splitlines()
    assert summary.startswith(f"30 orders {FIRST} to {LAST}: {report}")
    assert line.startswith(f"orders {FIRST} to {LAST}, 2 shards: ")
    assert "insufficient resources" in line
    assert "tried 3 times" in line
    assert backfill(project).code == 0


def test_the_tables_before_one_that_cannot_be_asked_for_are_reported(
    project: Project,
) -> None:
    project.tables += OTHER
    filled(project)
    words = command("--json")
    step = rf"{MARKERS}.*\.other'"
    told = failing(project, *words, step=step, skip=0, times=1_000)
    code, _, rest = told.partition(" ")
    reports, end = json.JSONDecoder().raw_decode(rest)
    assert (code, [one["table"] for one in reports]) == ("30", ["orders"])
    assert reports[0]["loaded"] == 4
    assert (
        rest[end:].strip().startswith(f"shardline: other {FIRST} to {LAST}, 1 shards")
    )
