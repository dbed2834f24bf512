"""What runs write to the outbox and send, through the commands, as processes."""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.alerts import Event, acknowledge_incident, mute_incident
from pipelines.etl_db import alerts_table, etl_engine, sender_table
from sandbox.holds import Failure
from tests.kit.commands import wait_for
from tests.kit.failing_shards import grouped, mend, two_of_three_fail
from tests.kit.filed_alerts import FILE, FileChannel, append, failed, options
from tests.kit.project import (
    DAY,
    ORDERS_DDL,
    REPOSITORY,
    Project,
    Result,
    finished,
    insert,
    kill,
    orders,
)

DYING = """
import os, signal, sys
import luigi
from datetime import date
from pipelines.orders import LoadOrdersShard

class LoadDyingShard(LoadOrdersShard):
    def run(self):
        os.kill(os.getpid(), signal.SIGKILL)

class LoadSlowShard(LoadOrdersShard):
    worker_timeout = 1
    def run(self):
        signal.pause()

class LoadBrokenShard(LoadOrdersShard):
    def requires(self):
        raise ValueError("nobody knows")

day = date.fromisoformat(sys.argv[1])
tasks = [LoadDyingShard(date=day, shard=shard) for shard in sys.argv[2:]]
others = (LoadSlowShard, LoadBrokenShard)
tasks += [kind(date=day, shard=sys.argv[2]) for kind in others]
luigi.build(tasks, workers=3, local_scheduler=True)
"""


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileChannel:
    """The channel that the project's runs send to."""
    folders = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(folders)
    monkeypatch.setenv("PYTHONPATH", path.rstrip(os.pathsep))
    monkeypatch.setenv(FILE, str(tmp_path / "chat"))
    return FileChannel(tmp_path / "chat")


def with_channel(project: Project) -> Project:
    project.options["alerts"] = {
        "channels": "tests.kit.filed_alerts:channel",
        "throttle": "0",
    }
    return project


def shardline(project: Project, *commands: tuple[str, ...]) -> list[Result]:
    """Several commands, one after the other, in one process."""
    told = project.run("python", "-c", SHARDLINE, json.dumps(commands))
    return [Result(*one) for one in json.loads(told.out)]


SHARDLINE = """
import contextlib, io, json, sys
from pipelines.__main__ import main

def done(arguments):
    sys.argv = ["shardline", *arguments]
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
    return code, out.getvalue(), err.getvalue()

print(json.dumps([done(one) for one in json.loads(sys.argv[1])]))
"""


def rows(project: Project) -> list[sa.Row[tuple[object, ...]]]:
    with project.log() as log:
        return list(log.execute(sa.select(alerts_table)))


def test_a_run_sends_one_message_for_its_failures_and_one_when_they_are_mended(
    project: Project, chat: FileChannel, costly_etl_database: str
) -> None:
    project.etl_database = costly_etl_database
    two_of_three_fail(with_channel(project))
    assert project.load(DAY).code == 30
    (shown,) = chat.chat()
    assert shown == f"#1 2 of 3 shards of LoadOrders {DAY} failed"
    line = chat.lines()[-1]
    assert str(line["cause"]).startswith("ProgrammingError 208: SQL Server: Inv")
    assert "shardline run" in str(line["step"])
    assert all(row.session and row.run == rows(project)[0].run for row in rows(project))
    mend(project)
    assert project.load(DAY).code == 0
    assert chat.chat()[1:] == [f"#1 2 of 3 shards of LoadOrders {DAY}"]
    assert grouped(project) == []


AGAIN = ("backfill", "--from", DAY, "--to", DAY, "--tables", "orders")


@pytest.fixture
def unreadable(project: Project, chat: FileChannel) -> Project:  # noqa: ARG001
    """A project that sends, with a loaded day whose source is gone since."""
    shard = with_channel(project).add_shard("first")
    insert(project, shard, orders(3))
    assert project.load(DAY).code == 0
    project.on_shard(shard, "DROP TABLE dbo.Orders")
    return project


@pytest.mark.parametrize(
    ("option", "now"),
    [("--reload", 3), ("--recheck", 4), ("--recheck", 3)],
    ids=["reload", "recheck that replaces", "recheck that finds the same"],
)
def test_a_day_that_was_to_be_replaced_is_not_mended_by_its_old_marker(
    unreadable: Project, chat: FileChannel, option: str, now: int
) -> None:
    for _ in range(2):
        assert unreadable.run("shardline", *AGAIN, option).code == 30
    failed_of = f"#1 1 of 1 shards of LoadOrders {DAY}"
    assert chat.chat() == [f"{failed_of} failed"]
    unreadable.on_shard("first", ORDERS_DDL)
    insert(unreadable, "first", orders(now))
    assert unreadable.run("shardline", *AGAIN, option).code == 0
    assert chat.chat()[1:] == [failed_of]
    assert grouped(unreadable) == []


def test_a_reload_that_could_not_begin_is_not_mended_by_old_markers(
    unreadable: Project, chat: FileChannel
) -> None:
    send = ("shardline", "alerts", "send", "--once")
    unreadable.options["warehouse"] = {"port": "1"}
    assert unreadable.run("shardline", *AGAIN, "--reload").code == 30
    del unreadable.options["warehouse"]
    assert unreadable.run(*send).code == 0
    failed_of = f"#1 1 of 1 shards of LoadOrders {DAY}"
    assert chat.chat() == [f"{failed_of} failed"]
    unreadable.on_shard("first", ORDERS_DDL)
    assert unreadable.run("shardline", *AGAIN, "--reload").code == 0
    assert chat.chat()[1:] == [failed_of]


def test_a_reload_that_was_killed_is_not_mended_by_the_old_marker(
    project: Project, chat: FileChannel
) -> None:
    with_channel(project).loadable(3)
    assert project.load(DAY).code == 0
    process = project.start("shardline", *AGAIN, "--reload", paused=True)
    hold = project.hold(process, "extract")
    project.sandbox.control.wait(hold)
    kill(process)
    finished(process)
    project.sandbox.control.release("kill", hold=hold)
    project.sandbox.control.remove(hold)
    for _ in range(2):
        assert project.load(DAY).code == 0
    failed_of = f"#1 1 of 1 shards of LoadOrders {DAY}"
    assert chat.chat() == [f"{failed_of} failed"]
    assert project.run("shardline", *AGAIN, "--reload").code == 0
    assert chat.chat()[1:] == [failed_of]


@pytest.mark.long
def test_plain_luigi_sends_too_and_markers_end_it_whoever_made_them(
    project: Project, chat: FileChannel
) -> None:
    two_of_three_fail(with_channel(project))
    assert project.luigi("LoadOrders", "--date", DAY, "--workers", "3").code == 30
    assert chat.chat() == [f"#1 2 of 3 shards of LoadOrders {DAY} failed"]
    mend(project)
    del project.options["alerts"]
    assert project.load(DAY).code == 0
    with_channel(project)
    assert project.run("shardline", "alerts", "send", "--once").code == 0
    assert chat.chat()[1:] == [f"#1 2 of 3 shards of LoadOrders {DAY}"]


def test_without_channels_the_outbox_is_kept_and_listed(project: Project) -> None:
    settings = options(project.etl_database)
    append(settings, *(failed(settings, name) for name in ("first", "second")))
    for name in ("first", "second", "third"):
        project.add_shard(name)
    told, refused, closed, twice, left, ended = shardline(
        project,
        ("alerts", "list"),
        ("alerts", "send", "--once"),
        ("alerts", "close", "1"),
        ("alerts", "close", "1"),
        ("alerts", "list", "--json"),
        ("alerts", "list", "--all", "--json"),
    )
    (line,) = told.out.splitlines()
    number, state, _, headline, cause = line.split("\t")
    assert (number, state) == ("#1", "new")
    assert headline == f"2 of 3 shards of LoadOrders {DAY} failed"
    assert "20009" in cause
    assert (refused.code, len(refused.told)) == (2, 1)
    assert [closed.code, twice.code] == [0, 2]
    assert json.loads(left.out) == []
    (incident,) = json.loads(ended.out)
    assert (incident["number"], incident["state"]) == (1, "closed")
    assert (incident["shown_on"], incident["partitions"]) == ([], 2)


def test_the_list_tells_what_people_have_done_about_what_is_open(
    project: Project,
) -> None:
    settings = options(project.etl_database)
    append(settings, failed(settings, "first"))
    project.add_shard("first")
    until = datetime.now(UTC) + timedelta(hours=6)
    shardline(project, ("alerts", "list"))
    with etl_engine(settings.sessions.database).begin() as connection:
        acknowledge_incident(connection, 1, "Anna\tIvanova")
        mute_incident(connection, 1, "Boris", until)
    told, listed = shardline(project, ("alerts", "list"), ("alerts", "list", "--json"))
    (found,) = json.loads(listed.out)
    moment = datetime.fromisoformat(found["acknowledged"])
    assert told.out.split("\t")[1] == (
        f"new, acknowledged by Anna Ivanova at {moment:%Y-%m-%d %H:%M} UTC,"
        f" muted until {until:%Y-%m-%d %H:%M} UTC by Boris"
    )
    assert (found["state"], found["acknowledged_by"]) == ("new", "Anna Ivanova")
    assert (found["muted_until"], found["muted_by"]) == (until.isoformat(), "Boris")


def test_a_killed_run_is_an_incident_at_the_next_one_told_once(
    project: Project,
) -> None:
    project.loadable(10)
    control = project.sandbox.control
    process = project.start_load(paused=True)
    hold = project.hold(process, "extract")
    control.wait(hold)
    kill(process)
    finished(process)
    control.release("kill", hold=hold)
    control.remove(hold)
    project.add_shard("broken", ddl="")
    for _ in range(2):
        assert project.load(DAY, shards=["broken"]).code == 30
    lost = [one for one in rows(project) if one.event == Event.LOST]
    assert [one.session for one in lost] == [lost[0].run]
    told = {one.cause[:25]: one for one in grouped(project)}
    assert len(told) == 2
    alone = told["TransientError: its proce"]
    assert alone.headline == f"1 of 2 shards of LoadOrders {DAY} failed"


def test_a_run_that_is_killed_sends_what_it_has_left(
    project: Project, chat: FileChannel
) -> None:
    with_channel(project).add_shard("broken", ddl="")
    control = project.sandbox.control
    process = project.start_load("--shard", "broken", paused=True)
    # The last look at the markers, when all tasks have ended; the first finds no table.
    look = control.hold(
        '^SELECT "day"', server="vertica", client_pid=process.pid, skip=1
    )
    process.resume()
    control.wait(look)
    os.kill(process.pid, signal.SIGKILL)
    finished(process)
    control.remove(look)
    assert chat.chat() == [f"#1 1 of 1 shards of LoadOrders {DAY} failed"]


def test_a_run_that_is_killed_in_a_pause_sends_what_was_to_be_tried_again(
    project: Project, chat: FileChannel
) -> None:
    with_channel(project).loadable(3)
    project.options["load"] = {"attempts": "1"}
    project.options["run"] = {"retries": "1", "retry_pause": "600"}
    process = project.start_load("--verbose", paused=True)
    deadlock = Failure("deadlock", number=1205)
    hold = project.hold(process, "extract", action="fail", failure=deadlock)
    wait_for(process, "tried again in")
    os.kill(process.pid, signal.SIGKILL)
    finished(process)
    project.sandbox.control.remove(hold)
    assert chat.chat() == [f"#1 1 of 1 shards of LoadOrders {DAY} failed"]


def test_the_death_of_a_task_is_one_row_however_often_luigi_tells_it(
    project: Project,
) -> None:
    shards = [project.add_shard(name) for name in ("first", "second", "third")]
    project.create_target()
    (project.folder / "dying.py").write_text(DYING)
    project.run("python", "dying.py", DAY, *shards)
    events = sorted((str(row.event), str(row.shard)) for row in rows(project))
    assert events == [
        (Event.BROKEN_TASK, "first"),
        *((Event.PROCESS_FAILURE, shard) for shard in sorted(shards)),
        (Event.TIMEOUT, "first"),
    ]
    assert {incident.headline for incident in grouped(project)} == {
        f"1 of 3 shards of LoadBroken {DAY} failed",
        f"3 of 3 shards of LoadDying {DAY} failed",
        f"1 of 3 shards of LoadSlow {DAY} failed",
    }


def test_an_attempt_that_luigi_repeats_makes_no_noise(project: Project) -> None:
    project.add_shard("broken", ddl="")
    project.options["worker"] = {"keep_alive": "true", "wait_interval": "0.1"}
    project.options["scheduler"] = {"retry_count": "3", "retry_delay": "0.1"}
    assert project.luigi("LoadOrders", "--date", DAY).code == 30
    found = sorted(rows(project), key=lambda row: row.happened)
    assert [row.due > row.happened for row in found] == [True, True, False]
    (incident,) = grouped(project)
    assert incident.headline.startswith("1 of 1 shards")


def test_a_day_that_is_not_over_waits_for_its_end(project: Project) -> None:
    project.add_shard("first")
    assert project.load("2999-12-31").code == 20
    (row,) = rows(project)
    assert (row.event, row.error) == (Event.DEPENDENCY_MISSING, "NotReadyError")
    assert row.due.year == 2999
    assert grouped(project) == []


def test_of_a_range_that_is_not_over_the_first_day_is_waited_for(
    project: Project,
) -> None:
    project.add_shard("first")
    days = ("--from", "2999-12-30", "--to", "2999-12-31")
    assert project.run("shardline", "backfill", *days, "--dry-run").code == 0
    assert rows(project) == []
    result = project.run("shardline", "backfill", *days)
    assert result.code == 20
    assert "orders 2999-12-30 to 2999-12-31 first: the day is not over" in result.err
    assert [str(row.day) for row in rows(project)] == ["2999-12-30"]


def test_a_run_that_cannot_begin_tells_of_every_shard(project: Project) -> None:
    for name in ("first", "second"):
        project.add_shard(name)
    project.options["warehouse"] = {"port": "1"}
    assert project.load(DAY).code == 30
    (incident,) = grouped(project)
    assert incident.headline == f"2 of 2 shards of LoadOrders {DAY} failed"
    assert "cannot be reached" in incident.cause
    assert project.luigi("LoadOrders", "--date", DAY).code != 0
    assert rows(project)[-1].event == Event.DEPENDENCY_MISSING


def test_a_shard_that_nobody_knows_is_told(project: Project) -> None:
    project.add_shard("first")
    project.luigi("LoadOrdersShard", "--date", DAY, "--shard", "nowhere")
    (row,) = rows(project)
    assert (row.event, row.shard) == (Event.DEPENDENCY_MISSING, "nowhere")


def test_what_the_servers_said_by_number_is_kept(project: Project) -> None:
    project.loadable(3)
    project.options["warehouse"] = {"password": "wr0ng"}
    project.load(DAY)
    assert {row.code for row in rows(project)} == {"28000"}
    assert "wr0ng" not in str(rows(project))


def test_an_outbox_that_is_away_or_hangs_holds_up_nobody(
    project: Project,
) -> None:
    project.add_shard()
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        project.etl_database = f"postgresql+psycopg://u:s3cret@127.0.0.1:{port}/etl"
        told = project.run("python", "-c", AWAY.format(bound=0.5))
    assert (told.code, told.out) == (0, "done\n")
    assert "may not be in the outbox of alerts: it hangs" in told.err
    gone = project.run("python", "-c", AWAY.format(bound=60))
    assert (gone.code, gone.out) == (0, "done\n")
    assert "may not be in the outbox of alerts" in gone.err
    assert "s3cret" not in told.err + gone.err


@pytest.mark.parametrize("words", [("run", "orders"), ("refresh", "--no-mail")])
def test_a_failure_that_the_outbox_does_not_take_is_in_the_exit_code(
    project: Project, words: tuple[str, ...]
) -> None:
    project.loadable(3)
    assert project.load(DAY).code == 0
    project.add_shard("bad", ddl="")
    engine = sa.create_engine(project.etl_database)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alerts")
    engine.dispose()
    result = project.run("shardline", *words, "--date", DAY)
    assert result.code == 40
    assert f"orders {DAY} bad: " in result.err


AWAY = """
from pipelines.alerts import About, Event, recorder
from pipelines.errors import PermanentError
recorder.BOUND = {bound}
failed = [About("LoadOrders", "1")]
for _ in range(2):
    recorder.record_failures(PermanentError("broken"), failed, Event.FAILURE)
print("done")
"""


def test_a_sender_of_its_own_goes_on_until_it_is_told_to_end(
    project: Project, chat: FileChannel
) -> None:
    settings = options(project.etl_database)
    append(settings, failed(settings, "broken"))
    project.add_shard("broken")
    os.mkfifo(chat.path)
    sending = with_channel(project).start("shardline", "alerts", "send")
    # Opening it waits until the sender writes.
    assert f"1 of 1 shards of LoadOrders {DAY} failed" in chat.path.read_text()
    sending.terminate()
    assert finished(sending).code == 0
    with project.log() as log:
        assert log.scalar(sa.select(sender_table.c.holder)) is None
