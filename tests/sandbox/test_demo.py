"""`python -m sandbox demo`: what it shows, and that it leaves nothing behind."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    options = ["--days", "2019-03-11..2019-03-12", "--rows", "20", "--shards", "3"]
    mail = ["--mail", str(tmp_path / "new" / "mail.html")]
    return [sys.executable, "-m", "sandbox", "demo", *options, *mail]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_demo_shows_loads_an_incident_a_talk_reports_and_a_mail_and_cleans_up(
    command: list[str], scratch: Path, tmp_path: Path
) -> None:
    elsewhere = {"SHARDLINE_CONNECTION_WAREHOUSE": "vertica://127.0.0.1:1/none"}
    done = run(command, TMPDIR=str(scratch), **elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    filled = re.search(
        r"Filled 3 shards: 120 orders, (\d+) calls, (\d+) rates", done.stdout
    )
    assert filled, done.stdout
    total = 120 + int(filled[1]) + int(filled[2])
    rows = [line.split("│") for line in done.stdout.splitlines() if line.count("│") > 2]
    cells = {row[1].strip(): [cell.strip() for cell in row[2:5]] for row in rows}
    assert cells["rows loaded"] == [f"{total - 40}", "40", "0"]
    assert cells["shard days loaded"] == ["16", "2", "0"]
    told = "2 loads of LoadOrders 2019-03-11 to 2019-03-12"
    assert done.stdout.count(f"🔴 #1 {told} failed") == 1
    assert done.stdout.count(f"🟢 #1 recovered: {told}") == 1
    written = re.findall(r"^Olga (?:writes|presses) (.*)$", done.stdout, re.MULTILINE)
    assert [one.split()[0] for one in written] == [
        "/start,",
        "/why",
        "/incidents_rerun",
        "[",
    ]
    assert "Welcome, Olga" in done.stdout
    assert "orders 2019-03-12 abakan: failed" in done.stdout
    assert done.stdout.count("Job 1 has succeeded") == 1
    assert "5 refreshed" in done.stdout
    page = tmp_path / "new" / "mail.html"
    assert page.as_uri() in done.stdout
    text = page.read_text(encoding="utf-8")
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert [base64.b64decode(one)[:4] for one in pictures] == [b"\x89PNG"] * 2
    assert "cid:" not in text
    assert list(scratch.iterdir()) == []


@pytest.mark.long
def test_a_step_that_fails_fails_the_demo_in_one_line(
    command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "matplotlib.py").touch()
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run(command, PYTHONPATH=path)
    assert done.returncode == 1
    assert "the mail cannot be written" in done.stdout
    assert done.stderr == "Error: the refresh: shardline ended with code 30\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_cleans_up(
    command: list[str], scratch: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        assert any(line.startswith("Filled") for line in demo.stdout)
        children = psutil.Process(demo.pid).children(recursive=True)
        demo.send_signal(number)
        demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert len(children) >= 2
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert list(scratch.iterdir()) == []
