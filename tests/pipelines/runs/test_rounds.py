"""What fails and may pass is tried again within the run; luigid may be away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from luigi.rpc import RemoteScheduler

from pipelines.etl_db import alerts_table
from sandbox.holds import Failure
from sandbox.luigid import Luigid
from tests.kit.commands import wait_for
from tests.kit.project import DAY, ORDERS_DDL, Project, finished, insert, kill, orders
from tests.kit.relay import Relay
from tests.kit.steps import STEPS

ROWS = 20
DEADLOCK = Failure("deadlock", number=1205)


def fail(project: Project, shard: str, times: int) -> int:
    """Have the shard's extract end by a deadlock, so many times."""
    server, pattern = STEPS["extract"]
    (name,) = (one[2] for one in project.shards if one[1] == shard)
    return project.sandbox.control.hold(
        *(pattern,),
        action="fail",
        server=server,
        database=name,
        times=times,
        failure=DEADLOCK,
    )


def add(project: Project, name: str, ddl: str = ORDERS_DDL) -> str:
    shard = project.add_shard(name, ddl=ddl)
    if ddl:
        insert(project, shard, orders(ROWS))
    return shard


@pytest.fixture
def project(project: Project) -> Project:
    project.options["load"] = {"attempts": "1", "patience": "0"}
    project.options["run"] = {"retries": "2", "retry_pause": "0.1"}
    return project


@pytest.mark.parametrize("workers", ["2", pytest.param("1", marks=pytest.mark.long)])
def test_what_fails_and_may_pass_is_tried_again_within_the_run(
    project: Project, workers: str
) -> None:
    first, second = add(project, "first"), add(project, "second")
    hold = fail(project, first, times=2)
    result = finished(project.start_load("--workers", workers))
    project.sandbox.control.remove(hold)
    assert (result.code, result.err) == (0, "")
    assert "2 of 2 shards complete: 2 loaded" in result.out
    assert sorted(map(str, project.outcomes())) == ["failed"] * 2 + ["loaded"] * 2
    assert len(project.rows(first)) == len(project.rows(second)) == ROWS
    alerts = alerts_table
    with project.log() as log:
        waits = sa.select(alerts.c.due > alerts.c.happened)
        assert all(log.scalars(waits))


def test_every_shard_of_a_day_is_tried_again_however_many_tasks_a_slice_has(
    project: Project,
) -> None:
    project.options["load"]["slice_tasks"] = "1"
    add(project, "broken", ddl="")
    second = add(project, "second")
    hold = fail(project, second, times=2)
    result = finished(project.start_load())
    project.sandbox.control.remove(hold)
    assert result.code == 30
    assert "1 of 2 shards complete: 1 loaded" in result.out
    assert len(project.rows(second)) == ROWS


def test_it_is_tried_a_finite_number_of_times(project: Project) -> None:
    shard = add(project, "first")
    hold = fail(project, shard, times=9)
    result = project.load(DAY)
    project.sandbox.control.remove(hold)
    assert result.code == 30
    assert project.outcomes() == ["failed"] * 3
    assert [line.count("deadlock") for line in result.told] == [1]


def test_what_will_fail_again_until_someone_acts_is_not_tried_again(
    project: Project,
) -> None:
    good = add(project, "good")
    add(project, "bad", ddl="")
    hold = fail(project, good, times=1)
    result = project.load(DAY)
    project.sandbox.control.remove(hold)
    assert result.code == 30
    assert "1 of 2 shards complete: 1 loaded" in result.out
    assert sorted(map(str, project.outcomes())) == ["failed", "failed", "loaded"]
    (line,) = result.told
    assert line.startswith(f"orders {DAY} bad: ")


@pytest.fixture
def luigid(project: Project, tmp_path: Path) -> Iterator[ExitStack]:
    """A luigid for the project, which may be closed, and entered again."""
    with ExitStack() as stack:
        running = stack.enter_context(Luigid(tmp_path / "luigid"))
        project.options["core"] = {
            "scheduler_host": running.address.host,
            "scheduler_port": str(running.address.port),
        }
        # Its warning that an SQLite file is for one machine is of no interest here.
        yield stack


def port(project: Project) -> int:
    return int(project.options["core"]["scheduler_port"])


def kill_luigid(project: Project, tmp_path: Path) -> None:
    """SIGKILL it, so that its state is lost."""
    for child in psutil.Process().children():
        if str(port(project)) in child.cmdline():
            child.kill()
            child.wait()
    (tmp_path / "luigid" / "luigid.state").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("how", "workers"),
    [
        ("killed", "2"),
        *(
            pytest.param(*one, marks=pytest.mark.long)
            for one in (("killed", "1"), ("stopped", "1"), ("stopped", "2"))
        ),
    ],
)
def test_luigid_may_be_away_for_a_while_in_the_middle_of_a_run(
    project: Project, luigid: ExitStack, tmp_path: Path, how: str, workers: str
) -> None:
    shards = [add(project, name) for name in ("first", "second")]
    project.options["run"] |= {"luigid_patience": "90"}
    project.options["load"] |= {"patience": "60"}
    hold = project.sandbox.control.hold(
        STEPS["extract"][1], server="mssql_0", database=project.shards[0][2]
    )
    process = project.start_load("--workers", workers)
    project.sandbox.control.wait(hold)
    if how == "killed":
        kill_luigid(project, tmp_path)
    luigid.close()
    project.sandbox.control.remove(hold)
    wait_for(process, "does not answer; it is asked again")
    with Luigid(tmp_path / "luigid", port=port(project)):
        result = finished(process)
    assert result.code == 0, result.err
    assert [len(project.rows(shard)) for shard in shards] == [ROWS, ROWS]


def test_a_luigid_that_stays_away_is_told_as_that(
    project: Project, luigid: ExitStack
) -> None:
    add(project, "first")
    add(project, "second")
    project.options["run"] |= {"luigid_patience": "1"}
    process = project.start_load(paused=True)
    hold = project.hold(process, "extract")
    project.sandbox.control.wait(hold)
    luigid.close()
    project.sandbox.control.remove(hold)
    result = finished(process)
    assert result.code == 40
    assert f"luigid 127.0.0.1:{port(project)} went away" in result.last_line
    assert "check [core] in luigi.cfg" in result.last_line
    assert "defect" not in result.err
    assert "Traceback" not in result.err


def test_what_a_luigid_that_is_away_keeps_from_loading_is_recorded_by_its_days(
    project: Project,
) -> None:
    shard = add(project, "first")
    assert project.load(DAY).code == 0
    nobody = {"scheduler_host": "127.0.0.1", "scheduler_port": "1"}
    project.options["core"] = nobody
    project.options["run"]["luigid_patience"] = "0"
    days = ("--from", "2019-03-13", "--to", DAY, "--shard", shard)
    assert project.run("shardline", "backfill", *days).code == 30
    with project.log() as log:
        recorded = log.execute(sa.select(alerts_table.c.day, alerts_table.c.shard))
        assert [(str(day), name) for day, name in recorded] == [("2019-03-13", shard)]


def test_a_luigid_that_is_gone_is_told_as_that_by_plain_luigi(
    project: Project,
) -> None:
    add(project, "first")
    project.options["core"] = {
        "scheduler_host": "127.0.0.1",
        "scheduler_port": "1",
        "rpc_retry_attempts": "1",
    }
    result = project.run(
        "luigi", "--module", "pipelines.orders", "LoadOrders", "--date", DAY
    )
    assert result.code == 40
    assert "luigid 127.0.0.1:1 went away" in result.last_line
    assert "defect" not in result.err
    assert "Traceback" not in result.err


def test_a_task_that_luigid_has_disabled_does_not_block_the_next_run(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = add(project, "first")
    config = tmp_path / "luigid.cfg"
    config.write_text("[scheduler]\nretry_count = 1\n", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setenv("LUIGI_CONFIG_PATH", str(config))
        running = Luigid(tmp_path / "luigid")
        running.__enter__()
    with ExitStack() as stack:
        stack.push(running)
        project.options["core"] = {
            "scheduler_host": running.address.host,
            "scheduler_port": str(running.address.port),
        }
        words = ("luigi", "--module", "pipelines.orders", "LoadOrders", "--date", DAY)
        hold = fail(project, shard, times=1)
        assert project.run(*words).code == 30
        project.sandbox.control.remove(hold)
        assert project.run(*words).code == 25
        assert project.load(DAY).code == 0
    assert len(project.rows(shard)) == ROWS


def test_the_next_run_need_not_wait_for_one_that_was_told_to_end(
    project: Project, luigid: ExitStack
) -> None:
    shard = add(project, "first")
    process = project.start_load(paused=True)
    hold = project.hold(process, "extract")
    project.sandbox.control.wait(hold)
    process.terminate()
    assert finished(process).code == 143
    project.sandbox.control.remove(hold)
    assert project.load(DAY).code == 0
    assert len(project.rows(shard)) == ROWS
    luigid.close()


@pytest.mark.long
def test_the_next_run_waits_for_luigid_to_drop_one_that_was_killed(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = add(project, "first")
    project.options["load"] |= {"patience": "110"}
    config = tmp_path / "luigid.cfg"
    config.write_text("[scheduler]\nworker_disconnect_delay = 1\n", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setenv("LUIGI_CONFIG_PATH", str(config))
        running = Luigid(tmp_path / "luigid")
        running.__enter__()
    with ExitStack() as stack:
        stack.push(running)
        project.options["core"] = {
            "scheduler_host": running.address.host,
            "scheduler_port": str(running.address.port),
        }
        process = project.start_load(paused=True)
        hold = project.hold(process, "extract")
        project.sandbox.control.wait(hold)
        kill(process)
        finished(process)
        project.sandbox.control.remove(hold)
        assert project.load(DAY).code == 0
    assert len(project.rows(shard)) == ROWS


def test_a_server_that_is_gone_is_left_alone_after_some_failures(
    project: Project,
) -> None:
    project.options["load"] = {"attempts": "2", "backoff": "0.01"}
    project.options["run"] = {"retries": "0"}
    project.options["mssql_1"] = {"host": "127.0.0.1", "port": "1"}
    for at in range(8):
        server = project.sandbox.addresses.mssql["mssql_0"]
        assert server
        project.shards.append(("mssql_1", f"gone {at}", f"gone {at}"))
    result = finished(project.start_load("--workers", "2"))
    assert result.code == 30
    told = [line for line in result.told if "times in a row" in line]
    # The other worker's attempt may have been under way: then it is the eleventh.
    assert re.search(r"127.0.0.1:1 could not be reached 1[01] times in a row", told[0])
    assert 1 <= len(told) <= 4


@pytest.mark.usefixtures("luigid")
def test_what_luigid_gives_a_run_that_it_did_not_add_is_not_run(
    project: Project,
) -> None:
    shard = add(project, "good")

    def alter(_: bytes, answer: bytes) -> bytes:
        of_get_work = b"n_pending_tasks" in answer
        lie = b'"task_id": "Load', b'"task_id": "Evil'
        return answer.replace(*lie) if of_get_work else answer

    with Relay("127.0.0.1", port(project), alter) as relay:
        project.options["core"]["scheduler_port"] = str(relay.port)
        result = project.load(DAY)
    assert result.code == 40
    assert "gives this run 'Evil" in result.last_line
    assert "which it did not add; it was not run" in result.last_line
    assert "Traceback" not in result.err
    assert project.rows(shard) == []


@pytest.mark.usefixtures("luigid")
def test_a_luigid_that_is_paused_is_told_of(project: Project) -> None:
    add(project, "good")
    url = f"http://127.0.0.1:{port(project)}/"
    RemoteScheduler(url).pause()
    result = project.load(DAY)
    assert result.code == 25
    assert "is paused and gives nothing to do; let it go on" in result.last_line
    RemoteScheduler(url).unpause()
    assert project.load(DAY).code == 0
