"""Whenever a refresh dies, the old report or the new one is there, whole."""

from __future__ import annotations

import re
import signal

import pytest

from sandbox.holds import Verdict, When
from tests.kit.project import finished, kill
from tests.kit.reporting import Reporting, refreshed
from tests.kit.reporting import numbered as day

REPORT = "daily_orders"
OF_IT = rf'"\w+"\."{REPORT}"'
STEPS = {
    "empty it": rf"^DELETE FROM {OF_IT}$",
    "read the markers": r'^SELECT "day", "source"',
    "fill it": rf"^INSERT INTO {OF_IT}",
    "look at the view": r'^SELECT "digest"',
    "delete the marker": r'^DELETE FROM "\w+"\."report_markers"',
    "insert the marker": r'^INSERT INTO "\w+"\."report_markers"',
    "commit": r"^COMMIT$",
}
EMPTY = next(iter(STEPS))
KILLS: list[tuple[str, When, Verdict]] = [
    *((step, "before", "kill") for step in STEPS),
    *((step, "after", "kill") for step in STEPS),
    # The server has the COMMIT, and carries it out for a client that is gone.
    ("commit", "before", "go"),
]
FEW: list[tuple[str, When, Verdict]] = [
    ("empty it", "after", "kill"),
    ("fill it", "after", "kill"),
    ("commit", "before", "go"),
]


def project(reporting: Reporting, days: int) -> None:
    """Orders of some days, of which the first is in the report."""
    shard = reporting.add_tables()
    for at in range(days):
        reporting.fill(shard, day(at), rows=3 + at, first=1 + 100 * at)
    assert reporting.refresh(day(0), REPORT).code == 0


def killed(
    reporting: Reporting, at: int, step: str, when: When, verdict: Verdict
) -> bool:
    """Kill a refresh for a day at a step, and tell whether the report is the new one.

    The report is read while the refresh is held, too: what else reads markers and
    views has happened before its first step.
    """
    old, control = reporting.report(REPORT), reporting.sandbox.control
    process = reporting.start_refresh(day(at), REPORT, paused=True)
    pid = process.pid
    first = hold = control.hold(STEPS[EMPTY], server="vertica", client_pid=pid)
    process.resume()
    control.wait(first)
    if (step, when) != (EMPTY, "before"):
        hold = control.hold(STEPS[step], when=when, server="vertica", client_pid=pid)
        control.release("go", hold=first)
        control.wait(hold)
    held = reporting.report(REPORT)
    kill(process)
    assert finished(process).code == -signal.SIGKILL
    control.release(verdict, hold=hold)
    for one in {first, hold}:
        control.remove(one)
    left = reporting.report(REPORT)
    committed = step == "commit" and (when, verdict) != ("before", "kill")
    assert held == (left if (step, when) == ("commit", "after") else old)
    assert [str(row[0]) for row in left] == [day(one) for one in range(at + committed)]
    assert left[:at] == old
    return committed


def completed(reporting: Reporting, at: int, *, already: bool) -> None:
    """The next run brings the report about, or finds it there."""
    result = reporting.refresh(day(at), REPORT)
    assert (result.code, result.err) == (0, "")
    told = refreshed(0, fresh=1) if already else refreshed(1)
    assert result.out == f"reports {day(at)}: {told}\n"
    assert [str(row[0]) for row in reporting.report(REPORT)] == [
        day(one) for one in range(at + 1)
    ]
    assert reporting.untold() == []


def test_the_steps_named_here_are_all_that_a_refresh_sends(
    reporting: Reporting,
) -> None:
    reporting.fill(reporting.add_tables(), day(0), rows=3, first=1)
    control = reporting.sandbox.control
    control.start_log()
    process = reporting.start_refresh(day(0), REPORT)
    assert finished(process).code == 0
    sent = [one.text for one in control.statements() if one.client_pid == process.pid]
    control.stop_log()
    begin = next(at for at, text in enumerate(sent) if re.search(STEPS[EMPTY], text))
    end = sent.index("COMMIT", begin) + 1
    assert len(sent[begin:end]) == len(STEPS)
    for text, pattern in zip(sent[begin:end], STEPS.values(), strict=True):
        assert re.search(pattern, text)


def test_a_refresh_killed_at_a_step_leaves_a_whole_report_and_the_next_mends_it(
    reporting: Reporting,
) -> None:
    project(reporting, days=2)
    outcomes = [killed(reporting, 1, *one) for one in FEW]
    assert outcomes == [False, False, True]
    completed(reporting, 1, already=True)


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_a_refresh_killed_before_and_after_each_statement(
    reporting: Reporting,
) -> None:
    project(reporting, days=1 + len(KILLS))
    for at, one in enumerate(KILLS, start=1):
        already = killed(reporting, at, *one)
        completed(reporting, at, already=already)
