"""What containers are configured by, and what they say when something is not there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import urllib.request
from configparser import RawConfigParser
from pathlib import Path
from urllib.error import URLError

import pytest

from sandbox.process import SandboxProcess
from tests.kit import commands
from tests.kit.project import BIN, DAY, REPOSITORY, Project, Result, finished

OVERLAY = REPOSITORY / "deploy" / "luigi.cfg"
WANTED = set(re.findall(r"\$\{(\w+)\}", OVERLAY.read_text("utf-8")))
GIVEN = {
    **dict.fromkeys(WANTED, "s3cret"),
    "LUIGI_SCHEDULER_URL": "http://127.0.0.1:1",
    "TELEGRAM_TOKEN": "123456:ABC-d_f",
}


@pytest.fixture
def project(tmp_path: Path, sandbox: SandboxProcess) -> Project:
    return Project(tmp_path, sandbox)


def in_a_container(folder: Path, *command: str, **variables: str) -> Result:
    """Run a command with the files that an image has, and with these variables."""
    shutil.copy(REPOSITORY / "luigi.cfg", folder)
    environment = {**without_variables(), **variables}
    return finished(commands.start(command, folder, environment))


def without_variables() -> dict[str, str]:
    """The environment of an image, in which nothing is set yet."""
    own = {name: value for name, value in os.environ.items() if name not in WANTED}
    return {**own, "LUIGI_CONFIG_PATH": str(OVERLAY)}


def options(path: Path) -> set[tuple[str, str, str]]:
    config = RawConfigParser()
    config.read(path, encoding="utf-8")
    return {
        (section, name, value)
        for section in config.sections()
        for name, value in config.items(section)
    }


def test_the_overlay_holds_only_what_differs() -> None:
    assert options(OVERLAY)
    assert not options(OVERLAY) & options(REPOSITORY / "luigi.cfg")


def test_every_variable_that_is_not_set_is_named_in_one_line(tmp_path: Path) -> None:
    result = in_a_container(tmp_path, "shardline", "run", "all", "--date", DAY)
    assert result.code == 2
    (line,) = result.told
    assert "luigi.cfg" in line
    assert {name for name in WANTED if name in line} == WANTED


@pytest.mark.parametrize("name", ["SQLSERVER_PASSWORD", "LUIGI_SCHEDULER_URL"])
def test_the_one_that_is_empty_is_named(tmp_path: Path, name: str) -> None:
    variables = {**GIVEN, name: ""}
    command = ("shardline", "run", "all", "--date", DAY)
    result = in_a_container(tmp_path, *command, **variables)
    assert result.code == 2
    (line,) = result.told
    assert f"environment variable {name} is empty" in line
    assert {other for other in WANTED if other in line} == {name}
    assert "s3cret" not in line


def test_a_missing_token_of_telegram_stops_no_load(project: Project) -> None:
    shard = project.loadable(3)
    project.options["connections"] = {"telegram": "telegram://${NO_TOKEN}@-1"}
    result = project.load(DAY)
    assert result.code == 0
    (line,) = result.told
    assert line == (
        "warning: connection telegram: environment variable NO_TOKEN is not set;"
        " nothing is sent through it"
    )
    assert len(project.rows(shard)) == 3


def test_a_luigid_that_is_not_there_is_told_in_one_line(project: Project) -> None:
    project.loadable(3)
    project.options["core"] = {"scheduler_url": "http://127.0.0.1:1"}
    result = project.load(DAY)
    assert result.code == 30
    assert "luigid 127.0.0.1:1 cannot be reached: " in result.last_line
    assert "[core]" in result.last_line
    assert "Traceback" not in result.err
    assert project.markers() == []


def test_luigid_starts_without_any_of_the_variables(tmp_path: Path) -> None:
    state = tmp_path / "state.pickle"
    with (tmp_path / "log").open("w") as log:
        luigid = subprocess.Popen(
            [
                *(BIN / "luigid", "--port", "0", "--address", "127.0.0.1"),
                *("--state-path", str(state)),
            ],
            cwd=REPOSITORY,
            env=without_variables(),
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 60
        while "Scheduler starting up" not in (tmp_path / "log").read_text("utf-8"):
            assert luigid.poll() is None, (tmp_path / "log").read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        luigid.send_signal(signal.SIGTERM)
        assert luigid.wait(60) == 0
    finally:
        luigid.kill()
        luigid.wait()
    assert state.exists()


def test_make_takes_the_calls_that_the_document_shows() -> None:
    text = (REPOSITORY / "docs" / "image.md").read_text(encoding="utf-8")
    calls = re.findall(r"^(make image.*)$", text, re.MULTILINE)
    assert len(calls) > 2
    for call in calls:
        told = subprocess.run(
            ["make", "--dry-run", *shlex.split(call)[1:]],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert re.findall(r"--target (\w+)", told) == ["pipelines", "luigid"]


def test_the_health_check_tells_that_no_luigid_answers() -> None:
    try:
        urllib.request.urlopen("http://127.0.0.1:8082", timeout=5).close()
        pytest.skip("somebody listens at luigid's port")
    except URLError:
        told = subprocess.run(
            [BIN / "python", REPOSITORY / "deploy" / "luigid_healthy.py"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 1
    (line,) = told.stderr.splitlines()
    assert line.startswith("luigid does not answer at http://127.0.0.1:8082/: ")
