"""`python -m sandbox demo`: what it shows, and that it leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from sandbox.shards import Shard, write_shards

if TYPE_CHECKING:
    from pathlib import Path

SHARDS = [Shard(f"mssql_{at % 3}", f"city {at}") for at in range(6)]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    write_shards(tmp_path / "shards.csv", SHARDS)
    options = ["--days", "2019-03-11..2019-03-12", "--rows", "20"]
    shards = ["--shards", str(tmp_path / "shards.csv")]
    return [sys.executable, "-m", "sandbox", "demo", *options, *shards]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_the_demo_loads_each_row_once_and_cleans_up(
    command: list[str], scratch: Path
) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    filled = re.search(
        r"Filled 6 shards: 240 orders, (\d+) calls, (\d+) rates", done.stdout
    )
    assert filled, done.stdout
    total = 240 + int(filled[1]) + int(filled[2])
    rows = [line.split("│") for line in done.stdout.splitlines() if "│" in line]
    cells = {row[1].strip(): (row[2].strip(), row[3].strip()) for row in rows}
    assert cells["rows loaded"] == (f"{total:,}", "0")
    assert cells["shard days loaded"] == ("36", "0")
    assert list(scratch.iterdir()) == []


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
