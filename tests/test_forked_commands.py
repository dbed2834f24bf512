"""A command that the kit forks is what a process of its own would be."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.kit import commands
from tests.kit.commands import Command, ForkServer
from tests.kit.project import Result, finished
from tests.kit.unreachable import UNREACHABLE

DAY = ("--date", "2019-03-14")
OVERLAY = "LUIGI_CONFIG_PATH"
SHARDS = "[catalog]\nshards = ${SHARDS_FILE}\n"


def run(folder: Path, *command: str, fresh: bool = False, **environment: str) -> Result:
    variables = {**os.environ, **UNREACHABLE, **environment}
    return finished(commands.start(command, folder, variables, fresh=fresh))


def started(folder: Path) -> Command:
    """A forked command that has not begun with its program."""
    command = ("shardline", "tables")
    process = commands.start(
        command, folder, {**os.environ, **UNREACHABLE}, paused=True
    )
    assert isinstance(process, Command)
    return process


def shards_file(folder: Path, *names: str) -> str:
    rows = [f"mssql_0,{name},Europe/Moscow" for name in names]
    path = folder / "shards.csv"
    path.write_text("\n".join(["server,shard,time_zone", *rows]), encoding="utf-8")
    return str(path)


SCRIPT = "import sys; print(sys.argv, __name__); sys.exit(repr(sys.path[0]))"
COMMANDS = [
    (("shardline",), 2),
    (("python", "-m", "pipelines", "run", "orders", *DAY), 30),
    (("luigi", "--module", "pipelines.orders", "RefreshReports"), 1),
    (("luigi", "--module", "pipelines.nothing", "LoadOrders"), 1),
    (("python", "-c", SCRIPT, "word"), 1),
]
MORE = [
    (("shardline", "--help"), 0),
    (("shardline", "--version"), 0),
    (("shardline", "tables"), 0),
    (("shardline", "render", "city_orders", *DAY), 0),
    (("python", "-m", "pipelines", "shards"), 0),
    (("shardline", "runn"), 2),
    (("shardline", "render", "unknown", *DAY), 2),
    (("shardline", "run", "orders", *DAY), 30),
    (("luigi", "--help"), 0),
    (("luigi", "--module", "pipelines.orders"), 1),
]


@pytest.mark.parametrize(
    ("command", "code"),
    [*COMMANDS, *(pytest.param(*one, marks=pytest.mark.long) for one in MORE)],
)
def test_it_says_the_same_and_ends_the_same(
    tmp_path: Path, command: tuple[str, ...], code: int
) -> None:
    (tmp_path / "luigi.cfg").write_text("[run]\nretries = 0\n", encoding="utf-8")
    forked = run(tmp_path, *command)
    assert forked == run(tmp_path, *command, fresh=True)
    assert forked.code == code


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("luigi", "--help"), "no section\n"),
        *(
            pytest.param(("shardline", "tables"), text, marks=pytest.mark.long)
            for text in ("no section\n", "[core]\na = 1\na = 2\n", "\xff")
        ),
    ],
)
def test_a_luigi_cfg_that_luigi_cannot_read(
    tmp_path: Path, command: tuple[str, ...], text: str
) -> None:
    (tmp_path / "luigi.cfg").write_text(text, encoding="latin-1")
    forked = run(tmp_path, *command)
    assert forked == run(tmp_path, *command, fresh=True)
    assert forked.code


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("luigi", "--help"), "/nowhere/luigi.cfg"),
        *(
            pytest.param(("shardline", "tables"), named, marks=pytest.mark.long)
            for named in ("", ".", "/nowhere/luigi.cfg")
        ),
    ],
)
def test_a_configuration_that_is_named_and_is_not_there(
    tmp_path: Path, command: tuple[str, ...], named: str
) -> None:
    forked = run(tmp_path, *command, **{OVERLAY: named})
    assert forked == run(tmp_path, *command, fresh=True, **{OVERLAY: named})


def test_each_reads_the_files_and_the_environment_that_it_is_given(
    tmp_path: Path,
) -> None:
    for name in ("one", "two", "none"):
        (tmp_path / name).mkdir()
    one, two, none = (tmp_path / name for name in ("one", "two", "none"))
    (one / "luigi.cfg").write_text(SHARDS, encoding="utf-8")
    overlay = two / "overlay.cfg"
    overlay.write_text(SHARDS, encoding="utf-8")
    packaged = run(none, "shardline", "shards").out
    assert packaged.startswith("abakan")
    for _ in range(2):
        told = run(one, "shardline", "shards", SHARDS_FILE=shards_file(one, "omsk"))
        assert told.out.split()[:2] == ["omsk", "mssql_0"], told
        told = run(
            two,
            *("shardline", "shards"),
            SHARDS_FILE=shards_file(two, "tomsk"),
            **{OVERLAY: str(overlay)},
        )
        assert told.out.split()[:2] == ["tomsk", "mssql_0"], told
        assert run(none, "shardline", "shards").out == packaged


def test_it_is_a_process_with_nothing_but_its_own(tmp_path: Path) -> None:
    with started(tmp_path) as first, started(tmp_path) as second:
        for one in (first, second):
            process = psutil.Process(one.pid)
            assert (os.getsid(one.pid), os.getpgid(one.pid)) == (one.pid, one.pid)
            assert process.cwd() == str(tmp_path)
            assert process.num_threads() == 1
            assert process.children() == []
            # Three files and what it is paused by.
            assert process.num_fds() == 4
            one.resume()
        told = run(tmp_path, "shardline", "tables").out
        assert [one.communicate() for one in (first, second)] == [(told, "")] * 2
    assert (first.returncode, second.returncode) == (0, 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1])
def test_an_end_by_a_signal_is_told_as_that(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = started(tmp_path)
    assert process.poll() is None
    process.send_signal(number)
    assert finished(process) == Result(-number, "", "")


@pytest.mark.parametrize("killed", [False, True])
def test_nothing_is_left_of_a_server_that_has_ended(
    tmp_path: Path, *, killed: bool
) -> None:
    server = ForkServer()
    command = (str(commands.BIN / "shardline"), "tables")
    with Path(os.devnull).open("r+b") as null:
        files = [null.fileno()] * 3
        gate, end = server.start(command, tmp_path, os.environ, files)
    with gate, os.fdopen(end, "rb"):
        (pid,) = commands.READY.unpack(gate.recv(commands.READY.size))
        child = psutil.Process(pid)
        if killed:
            child.parent().kill()
        server.stop()
        # It is a zombie where nobody reaps orphans.
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
            gate.recv(1)


def test_one_whose_interpreter_would_start_in_another_way_is_not_forked(
    tmp_path: Path,
) -> None:
    variables = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = commands.start(("shardline", "--help"), tmp_path, variables)
    assert not isinstance(process, Command)
    assert finished(process).code == 0
