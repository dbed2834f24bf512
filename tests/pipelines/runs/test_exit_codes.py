"""Each exit code is produced, and the document's table has each of them."""

from __future__ import annotations

import json
import re
import signal
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from pipelines.runtime import ExitCode
from sandbox.holds import Failure
from sandbox.luigid import Luigid
from tests.kit.project import DAY, REPOSITORY, Project, finished, insert, orders
from tests.kit.steps import STEPS

Case = Callable[[Project, Path], int]
CASES: dict[ExitCode, Case] = {}


def produces(code: ExitCode) -> Callable[[Case], Case]:
    def keep(case: Case) -> Case:
        CASES[code] = case
        return case

    return keep


@pytest.fixture
def project(project: Project) -> Iterator[Project]:
    shard = project.add_shard("first")
    insert(project, shard, orders(3))
    project.create_target()
    yield project
    for hold in project.sandbox.control.holds():
        project.sandbox.control.remove(hold)


def with_luigid(project: Project, folder: Path) -> Luigid:
    luigid = Luigid(folder / "luigid")
    luigid.__enter__()
    project.options["core"] = {
        "scheduler_host": luigid.address.host,
        "scheduler_port": str(luigid.address.port),
    }
    project.options["load"] = {"patience": "0"}
    return luigid


@produces(ExitCode.COMPLETE)
def loaded(project: Project, _folder: Path) -> int:
    return project.load(DAY).code


@produces(ExitCode.USAGE)
def misspelt(project: Project, _folder: Path) -> int:
    return project.run("shardline", "run", "ordres", "--date", DAY).code


@produces(ExitCode.ALREADY_RUNNING)
def beside_another_run(project: Project, folder: Path) -> int:
    luigid = with_luigid(project, folder)
    first = project.start_load(paused=True)
    hold = project.hold(first, "extract")
    project.sandbox.control.wait(hold)
    code = project.load(DAY).code
    project.sandbox.control.remove(hold)
    assert finished(first).code == 0
    luigid.__exit__(None, None, None)
    return code


@produces(ExitCode.NOT_READY)
def before_its_end(project: Project, _folder: Path) -> int:
    return project.load("2999-12-31").code


@produces(ExitCode.NOT_RUN)
def while_luigid_is_paused(project: Project, folder: Path) -> int:
    luigid = with_luigid(project, folder)
    host, port = luigid.address
    data = b"data=" + json.dumps({}).encode()
    urllib.request.urlopen(f"http://{host}:{port}/api/pause", data).close()
    code = project.load(DAY).code
    luigid.__exit__(None, None, None)
    return code


@produces(ExitCode.FAILED)
def without_the_table(project: Project, _folder: Path) -> int:
    project.add_shard("bad", ddl="")
    return project.load(DAY).code


@produces(ExitCode.NOT_SCHEDULED)
def when_markers_cannot_be_read_in_between(project: Project, _folder: Path) -> int:
    # Before it tries a load again Luigi asks for its marker.
    project.options["load"] = {"attempts": "1"}
    project.options["run"] = {"retries": "1"}
    hold = partial(project.sandbox.control.hold, action="fail")
    hold(STEPS["extract"][1], failure=Failure("deadlock", number=1205))
    hold(f'^SELECT "day".*{project.schema}', server="vertica", skip=2)
    return project.load(DAY).code


@produces(ExitCode.UNHANDLED)
def plain_luigi_without_luigid(project: Project, _folder: Path) -> int:
    project.options["core"] = {
        "scheduler_host": "127.0.0.1",
        "scheduler_port": "1",
        "rpc_retry_attempts": "1",
    }
    words = ("--module", "pipelines.orders", "LoadOrders", "--date", DAY)
    return project.run("luigi", *words).code


def ended_by(number: signal.Signals) -> Case:
    def case(project: Project, _folder: Path) -> int:
        process = project.start_load(paused=True)
        hold = project.hold(process, "extract")
        project.sandbox.control.wait(hold)
        process.send_signal(number)
        return finished(process).code

    return case


CASES |= {
    ExitCode.INTERRUPTED: ended_by(signal.SIGINT),
    ExitCode.TERMINATED: ended_by(signal.SIGTERM),
}


ELSEWHERE = {
    ExitCode.UNHANDLED: "test_rounds.py",
    ExitCode.INTERRUPTED: "test_signals.py",
    ExitCode.TERMINATED: "test_signals.py",
}
"""Codes that tests of the short run expect, too."""


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(code, marks=pytest.mark.long, id=code.name)
        if code in ELSEWHERE
        else pytest.param(code, id=code.name)
        for code in ExitCode
    ],
)
def test_each_exit_code_is_produced(
    project: Project, tmp_path: Path, code: ExitCode
) -> None:
    assert CASES[code](project, tmp_path) == code


def test_the_document_has_each_of_them() -> None:
    text = (REPOSITORY / "docs" / "running.md").read_text(encoding="utf-8")
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    killed = 128 + signal.SIGKILL  # a code that whoever kills gives, not the run
    assert told == sorted([*ExitCode, killed])
