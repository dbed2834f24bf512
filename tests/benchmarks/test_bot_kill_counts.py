"""`python -m benchmarks.bot_kills`: that it runs, and counts right."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.bot_kills.counts import Counts, count

SAID = {1: [1000, 1002, 1004], 2: [1001, 1003]}


def counted(done: dict[int, list[int]], answered: dict[int, list[int]]) -> Counts:
    return count(SAID, done, answered, [0.1, 0.5, 0.2])


def test_nothing_is_counted_where_all_went_well() -> None:
    assert counted(SAID, SAID) == Counts(5, 0, 0, 0, 0, 0, 0.2)


def test_what_was_never_done_is_lost_and_breaks_no_order() -> None:
    done = {1: [1000, 1004]}
    assert counted(done, done) == Counts(5, 3, 0, 0, 0, 0, 0.2)


def test_what_is_done_and_answered_again_is_counted_each_time() -> None:
    done = {1: [1000, 1000, 1000, 1002, 1004], 2: [1001, 1003, 1001]}
    answered = {1: [1000, 1002, 1002, 1004], 2: [1001]}
    assert counted(done, answered) == Counts(5, 0, 3, 1, 1, 0, 0.2)


@pytest.mark.parametrize("which", ["done", "answered"])
def test_a_chat_whose_later_command_comes_first_is_out_of_order(which: str) -> None:
    swapped = {1: [1002, 1000, 1004], 2: SAID[2]}
    done, answered = (swapped, SAID) if which == "done" else (SAID, swapped)
    assert counted(done, answered) == Counts(5, 0, 0, 0, 0, 1, 0.2)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("only", "bots"), [("shardline", 1), ("python-telegram-bot", 2)]
)
def test_a_short_run_shows_a_row_of_each_bot_and_signal(only: str, bots: int) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.bot_kills", "--kills", "2", "--only", only],
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    rows = [
        line.strip("| ").split(" | ")
        for line in told.stdout.splitlines()
        if line.startswith(f"| {only}")
    ]
    assert len(rows) == 2 * bots
    assert all(int(row[1]) > 0 for row in rows)
    if only == "shardline":
        assert [row[2:5] for row in rows] == 2 * [["0", "0", "0"]]
