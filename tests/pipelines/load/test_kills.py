"""A load killed at any moment leaves all or nothing, and the next one mends it."""

from __future__ import annotations

import random
import re
import signal

import pytest

from sandbox.holds import Verdict, When
from tests.kit.project import DAY, Project, finished, insert, kill, orders
from tests.kit.steps import STEPS

ROWS = 500
WHEN: list[When] = ["before", "after"]
VERDICTS: list[Verdict] = ["go", "kill"]

KILLS: list[tuple[str, When, Verdict]] = [
    *((step, "before", "kill") for step in STEPS),
    *((step, "after", "kill") for step in STEPS),
    # The server has the COMMIT, and carries it out for a client that is gone.
    ("commit", "before", "go"),
]
FATEFUL = [("commit", "fast")]
"""The steps about which a kill is tried in the short run too, rows read that way."""


def state(project: Project) -> tuple[int, list[object]]:
    """How many rows the warehouse has, and the rows that each marker tells."""
    ((rows,),) = project.on_warehouse(f"SELECT COUNT(*) FROM {project.target}")
    return int(str(rows)), [marker[2] for marker in project.markers()]


def test_the_steps_named_here_are_all_that_a_load_sends(project: Project) -> None:
    project.loadable(ROWS)
    control = project.sandbox.control
    control.start_log()
    process = project.start_load()
    assert finished(process).code == 0
    sent = [one for one in control.statements() if one.client_pid == process.pid]
    control.stop_log()
    # Besides the loads, a run asks what is there, before and after.
    around = r'SET |SELECT "etl_id" FROM|SELECT "day"'
    names = [
        next(
            (
                name
                for name, (server, pattern) in STEPS.items()
                if one.server == server and re.search(pattern, one.text, re.DOTALL)
            ),
            one.text,
        )
        for one in sent
        if not re.match(around, one.text)
    ]
    assert names == list(STEPS)


@pytest.mark.parametrize(
    ("step", "when", "verdict", "rows"),
    [
        pytest.param(
            *(*one, rows),
            marks=() if (one[0], rows) in FATEFUL else pytest.mark.long,
        )
        for one in KILLS
        for rows in ("fast", "tuples")
    ],
)
def test_killed_at_a_statement(
    project: Project, step: str, when: When, verdict: Verdict, rows: str
) -> None:
    project.options["load"] = {"rows": rows}
    project.loadable(ROWS)
    control = project.sandbox.control
    process = project.start_load(paused=True)
    hold = project.hold(process, step, when)
    control.wait(hold)
    kill(process)
    assert finished(process).code == -signal.SIGKILL
    control.release(verdict, hold=hold)
    control.remove(hold)
    assert state(project) in [(0, []), (ROWS, [ROWS])]
    again = project.load(DAY)
    assert (again.code, again.err) == (0, "")
    assert state(project) == (ROWS, [ROWS])
    committed = step == "commit" and (when, verdict) != ("before", "kill")
    assert project.outcomes()[0] == ("loaded" if committed else "lost")
    assert project.untold() == []


def kill_at_random(project: Project, rounds: int) -> None:
    """Kill a run of two workers over three shards, each time another day."""
    chance = random.Random(7)
    shards = [project.add_shard() for _ in range(3)]
    days = [f"2019-{1 + at // 28:02}-{1 + at % 28:02}" for at in range(rounds)]
    for shard in shards:
        for at, day in enumerate(days):
            insert(project, shard, orders(20, day, first=100 * at))
    control = project.sandbox.control
    for day in days:
        server, pattern = STEPS[chance.choice(list(STEPS))]
        hold = control.hold(
            pattern,
            when=chance.choice(WHEN),
            server=server,
            skip=chance.randrange(3),
        )
        process = project.start(
            *("shardline", "run", "orders", "--date", day, "--workers", "2")
        )
        control.wait(hold)
        kill(process)
        finished(process)
        control.release(chance.choice(VERDICTS), hold=hold)
        control.remove(hold)
    dates = [word for day in days for word in ("--date", day)]
    again = project.run("shardline", "run", "orders", *dates)
    assert (again.code, again.err) == (0, "")
    per_day = project.on_warehouse(
        "SELECT etl_source, start_time::DATE, COUNT(*), COUNT(DISTINCT id)"
        f" FROM {project.target} GROUP BY 1, 2"
    )
    assert len(per_day) == len(shards) * len(days)
    assert {(row[2], row[3]) for row in per_day} == {(20, 20)}
    assert {marker[2] for marker in project.markers()} == {20}
    assert len(project.markers()) == len(per_day)


@pytest.mark.long
def test_killed_five_times_at_random(project: Project) -> None:
    kill_at_random(project, 5)


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_killed_a_hundred_times_at_random(project: Project) -> None:
    kill_at_random(project, 100)
