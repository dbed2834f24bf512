"""Reads for comparison are tried again as loads are, and told when that was no use."""

from __future__ import annotations

import signal

import pytest

from sandbox.holds import Failure
from tests.kit.project import DAY, ORDERS, Project, finished, insert, orders
from tests.kit.steps import STEPS

NEXT = "2019-03-15"
RANGE = ("--from", DAY, "--to", NEXT)
VERIFY = ("shardline", "verify", *RANGE)
RECHECK = ("shardline", "backfill", *RANGE, "--recheck")
MARKERS = ("vertica", r'^SELECT "(day|etl_id)".*orders')
VICTIM = Failure("deadlock victim", number=1205)
TIMEOUT = Failure("lock time-out", sqlstate="55V03")


@pytest.fixture
def loaded(project: Project) -> Project:
    """A shard with two loaded days, a value of which differs in the warehouse."""
    shard = project.add_shard("moscow")
    insert(project, shard, orders(20, DAY))
    insert(project, shard, orders(20, NEXT, first=101))
    assert project.load(DAY, NEXT).code == 0
    project.on_warehouse(f"UPDATE {project.target} SET type = 77 WHERE id = 3")
    return project


@pytest.mark.parametrize(
    ("command", "step", "skip", "failure", "code"),
    [
        (VERIFY, STEPS["extract"], 0, VICTIM, 0),
        # The first extract is of the checksums, the next of the values.
        ((*VERIFY, "--deep"), STEPS["extract"], 1, VICTIM, 30),
        (RECHECK, STEPS["extract"], 0, VICTIM, 0),
        (VERIFY, MARKERS, 0, TIMEOUT, 0),
        ((*VERIFY, "--deep"), ("vertica", r'^SELECT "id"'), 0, TIMEOUT, 30),
    ],
)
def test_a_read_that_fails_of_what_may_pass_is_tried_again(
    loaded: Project,
    command: tuple[str, ...],
    step: tuple[str, str],
    skip: int,
    failure: Failure,
    code: int,
) -> None:
    process = loaded.start(*command, paused=True)
    hold = _failing(loaded, process.pid, step, failure, skip=skip, times=2)
    process.resume()
    result = finished(process)
    caught = len(loaded.sandbox.control.wait(hold))
    loaded.sandbox.control.remove(hold)
    assert (result.code, result.err, caught) == (code, "", 2)
    if "--deep" in command:
        where = f"orders {DAY} moscow: other values: id 3: type is 2"
        assert result.out.count(where) == 1


@pytest.mark.parametrize("command", [VERIFY, RECHECK], ids=["verify", "recheck"])
@pytest.mark.parametrize(
    ("failure", "attempts"),
    [(VICTIM, 3), (Failure("SELECT permission denied", number=229), 1)],
    ids=["passing", "lasting"],
)
def test_what_does_not_pass_in_time_or_at_all_is_named(
    loaded: Project, command: tuple[str, ...], failure: Failure, attempts: int
) -> None:
    process = loaded.start(*command, paused=True)
    hold = _failing(loaded, process.pid, STEPS["extract"], failure, times=100)
    process.resume()
    result = finished(process)
    caught = len(loaded.sandbox.control.wait(hold))
    loaded.sandbox.control.remove(hold)
    assert (result.code, caught) == (30, attempts)
    (line,) = result.told
    assert line.startswith(
        f"orders {DAY} to {NEXT} moscow: SQL Server: {failure.message}"
    )
    assert f"(error {failure.number})" in line
    assert ("tried 3 times" in line) == (attempts == 3)


@pytest.mark.parametrize("command", [VERIFY, RECHECK], ids=["verify", "recheck"])
def test_who_waits_for_another_attempt_ends_when_told_to(
    loaded: Project, command: tuple[str, ...]
) -> None:
    loaded.options["load"] = {"backoff": "600", "backoff_max": "600"}
    process = loaded.start(*command, paused=True, fresh=True)
    hold = _failing(loaded, process.pid, STEPS["extract"], VICTIM)
    process.resume()
    loaded.sandbox.control.wait(hold)
    process.send_signal(signal.SIGTERM)
    result = finished(process)
    loaded.sandbox.control.remove(hold)
    assert result.code == 143
    assert "ended at once" not in result.err


def _failing(
    project: Project,
    pid: int,
    step: tuple[str, str],
    failure: Failure,
    *,
    skip: int = 0,
    times: int = 1,
) -> int:
    server, pattern = step
    return project.sandbox.control.hold(
        pattern,
        action="fail",
        server=server,
        client_pid=pid,
        skip=skip,
        times=times,
        failure=failure,
    )


COUNT = ("vertica", r'^SELECT "etl_source", .*COUNT\(DISTINCT "hash_id"\)')
GONE = Failure("no such privilege", sqlstate="42501")


def test_what_was_found_is_told_though_it_cannot_be_verified_once_it_is_mended(
    loaded: Project,
) -> None:
    loaded.on_shard("moscow", "UPDATE dbo.Orders SET type = 9 WHERE id = 3")
    process = loaded.start(*VERIFY, "--reload", paused=True)
    hold = _failing(loaded, process.pid, COUNT, GONE, skip=1)
    process.resume()
    result = finished(process)
    loaded.sandbox.control.remove(hold)
    assert result.code == 30
    first, *_, last = result.out.splitlines()
    assert first.startswith(f"orders {DAY} moscow: changed in the source: ")
    assert last.endswith("as far as could be told; 1 failed")
    (line,) = result.told
    assert line.startswith("orders: ")
    assert "no such privilege" in line


def test_what_was_found_is_told_though_nothing_can_be_loaded_again(
    loaded: Project,
) -> None:
    loaded.on_shard("moscow", "UPDATE dbo.Orders SET type = 9 WHERE id = 3")
    loaded.options["sessions"] = {"database": "sqlite:////dev/null/etl.db"}
    result = loaded.run(*VERIFY, "--reload")
    assert result.code == 30
    first, *_, last = result.out.splitlines()
    assert first.startswith(f"orders {DAY} moscow: changed in the source: ")
    assert last == ("loaded again: 0 mended, 1 not, as far as could be told; 1 failed")
    line, audit = result.told
    assert "the ETL database cannot be used" in line
    assert "the audit lacks that shell:" in audit


def test_a_table_that_the_warehouse_cannot_tell_leaves_the_others_verdict(
    loaded: Project,
) -> None:
    loaded.on_shard("moscow", "UPDATE dbo.Orders SET type = 9 WHERE id = 3")
    other = ORDERS.replace("[orders", "[more").replace(".orders", ".more")
    loaded.tables = ORDERS + other
    assert loaded.run("shardline", "run", "more", "--date", DAY).code == 0
    process = loaded.start(*VERIFY, paused=True)
    hold = _failing(loaded, process.pid, ("vertica", COUNT[1] + '.*"more"'), GONE)
    process.resume()
    result = finished(process)
    loaded.sandbox.control.remove(hold)
    assert result.code == 30
    assert result.out.splitlines()[0].startswith(f"orders {DAY} moscow: changed")
    (line,) = result.told
    assert line.startswith("more: ")
