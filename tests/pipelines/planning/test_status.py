"""`shardline status`: the grid, what goes on failing, and the session log."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from rich.console import Console

from pipelines.alerts import acknowledge_incident, mute_incident
from pipelines.catalog import Partition, Shard, Table
from pipelines.commands.screens.status_grid import grid_lines
from pipelines.errors import PermanentError
from pipelines.etl_db import (
    AttemptFilter,
    AttemptState,
    Outcome,
    Session,
    etl_engine,
    newest_attempts,
)
from pipelines.planning import DayState, Grid
from tests.kit.project import DAY, ORDERS_DDL, Project, finished, insert, orders
from tests.kit.terminal import Screen, on_terminal

FIRST, LAST = "2019-03-12", "2019-03-16"
RANGE = ("--from", FIRST, "--to", LAST)


def status(project: Project, *options: str) -> Any:  # noqa: ANN401 - any JSON
    result = project.run("shardline", "status", *options, "--json")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def screen(project: Project, *options: str, columns: int, **env: str) -> Screen:
    command = ("shardline", "status", *options)
    return on_terminal(project, *command, columns=columns, **env)


def mixed(project: Project) -> None:
    """A shard that was loaded, one without rows, one that fails."""
    insert(project, project.add_shard("full"), orders(4))
    project.add_shard("empty")
    project.add_shard("bad", ddl="")
    assert project.load(DAY).code == 30


def test_the_grid_says_how_each_day_stands_on_any_terminal(project: Project) -> None:
    mixed(project)
    stands = status(project, *RANGE)["tables"]["orders"]
    assert {shard: each[2] for shard, each in stands.items()} == {
        "full": "done",
        "empty": "skipped",
        "bad": "failed",
    }
    assert {each[1] for each in stands.values()} == {"missing"}
    month = ("--from", "2019-03-01", "--to", "2019-03-31")
    folded = screen(project, *RANGE, columns=200)
    (done,) = [line for line in folded.lines if line.startswith("orders done")]
    assert done.split() == ["orders", "done", "·", "·", "1", "·", "·"]
    (missing,) = [line for line in folded.lines if line.strip().startswith("missing")]
    assert missing.split() == ["missing", "3", "3", "·", "3", "3"]
    assert "\x1b[32m" in folded.styles
    one = screen(project, *RANGE, "--shards", "e*", columns=80)
    assert "  empty  ? ? - ? ?" in one.lines
    assert not [line for line in one.lines if "full" in line]
    unfolded = screen(project, *month, "--unfold", columns=80)
    plain = screen(project, *month, "--unfold", columns=80, NO_COLOR="1")
    assert max(len(line) for line in unfolded.lines) <= 80
    assert plain.lines == unfolded.lines
    assert set(plain.styles) <= {"\x1b[0m", "\x1b[1m", "\x1b[2m"}
    (bad,) = [line for line in plain.lines if line.startswith("  bad")]
    assert bad.split() == ["bad", *"?" * 13, "✗", *"?" * 17]


def test_below_the_grid_stands_which_of_it_somebody_sees_to(project: Project) -> None:
    mixed(project)
    project.add_shard("worse", ddl="")
    assert project.load(DAY).code == 30
    assert status(project, *RANGE)["incidents"] == []
    engine = etl_engine(SecretStr(project.etl_database))
    until = datetime.now(UTC) + timedelta(hours=6)
    with engine.begin() as connection:
        acknowledge_incident(connection, 1, "Anna")
        mute_incident(connection, 1, "Boris", until)
    (found,) = status(project, *RANGE)["incidents"]
    assert (found["number"], found["acknowledged_by"]) == (1, "Anna")
    assert found["muted_until"] == until.isoformat()
    assert found["tables"] == {"orders": {"bad": [DAY], "worse": [DAY]}}
    moment = datetime.fromisoformat(found["acknowledged"])
    line = (
        f"#1 acknowledged by Anna at {moment:%Y-%m-%d %H:%M} UTC,"
        f" muted until {until:%Y-%m-%d %H:%M} UTC by Boris: orders 2 shards of {DAY}"
    )
    shown = screen(project, *RANGE, columns=200)
    assert line in shown.lines
    plain = screen(project, *RANGE, columns=200, NO_COLOR="1")
    assert plain.lines == shown.lines
    assert "\x1b[33m" not in plain.styles
    one = screen(project, *RANGE, "--shards", "b*", columns=200)
    assert line.replace("2 shards", "bad") in one.lines
    narrow = screen(project, *RANGE, columns=60)
    assert max(len(line) for line in narrow.lines) <= 60
    project.on_shard("worse", ORDERS_DDL)
    assert project.load(DAY).code == 30
    (left,) = status(project, *RANGE)["incidents"]
    assert left["tables"] == {"orders": {"bad": [DAY]}}
    assert status(project, "--from", FIRST, "--to", "2019-03-13")["incidents"] == []


def test_a_load_that_goes_on_is_running(project: Project) -> None:
    shard = project.loadable(3)
    process = project.start_load(paused=True)
    hold = project.hold(process, "copy")
    project.sandbox.control.wait(hold)
    (stands,) = status(project, "--from", DAY, "--to", DAY)["tables"]["orders"].values()
    assert stands == ["running"]
    project.sandbox.control.remove(hold)
    assert finished(process).code == 0
    (stands,) = status(project, "--from", DAY, "--to", DAY)["tables"]["orders"].values()
    assert stands == ["done"]
    assert len(project.rows(shard)) == 3


NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)
STANDS = st.sampled_from(DayState)


@example(30, 1, {"n" * 26: DayState.DONE}, True)
@given(
    st.integers(30, 220),
    st.integers(1, 70),
    st.dictionaries(NAMES, STANDS, min_size=1, max_size=5),
    st.booleans(),
)
def test_no_line_is_wider_than_the_terminal_and_every_day_is_shown(
    width: int, length: int, shards: dict[str, DayState], unfold: bool
) -> None:
    days = tuple(date(2019, 1, 20) + timedelta(days=at) for at in range(length))
    stands = {shard: (stand,) * length for shard, stand in shards.items()}
    console = Console(width=width, legacy_windows=False)
    shown = list(grid_lines(Grid(days, {"orders": stands}), console, unfold=unfold))
    assert max(len(line) for line in shown) <= width
    first = next(iter(shards.values()))
    cells = [line.spans for line in shown if line.plain.startswith(("orders ", "  "))]
    assert sum(len(spans) for spans in cells) >= length
    assert any(first.value in line.plain for line in shown)


def attempt(
    project: Project, shard: str, outcome: Outcome, error: str = "", *, attempt: int = 1
) -> None:
    """An attempt at `DAY` that ended so."""
    table = Table.model_construct(name="orders", target=project.target)
    of_shard = Shard(name=shard, server="s", database="d", time_zone="UTC")
    partition = Partition(table, of_shard, date.fromisoformat(DAY))
    engine = etl_engine(SecretStr(project.etl_database))
    session = Session(engine, f"Load_{shard}", partition=partition, attempt=attempt)
    with suppress(PermanentError), session:
        session.outcome = outcome
        if error:
            raise PermanentError(error)


def test_what_goes_on_failing_is_a_streak_until_it_succeeds(
    logged_project: Project,
) -> None:
    project = logged_project
    for shard in ("kazan", "moscow"):
        project.add_shard(shard)
        attempt(project, shard, Outcome.FAILED, "no such table")
        attempt(project, shard, Outcome.FAILED, "out of memory", attempt=2)
    attempt(project, "moscow", Outcome.SKIPPED, attempt=3)
    found = status(project, "failures")
    assert [one["what"] for one in found] == [
        f"orders {DAY} moscow",
        f"orders {DAY} kazan",
    ]
    assert [one["attempts"] for one in found] == [2, 2]
    assert [one["ended"] is None for one in found] == [False, True]
    told = project.run("shardline", "status", "failures", "--open").out
    assert f"orders {DAY} kazan: 2 attempts since" in told
    assert "out of memory" in told
    assert "moscow" not in told


def test_the_session_log_is_filtered(logged_project: Project) -> None:
    project = logged_project
    for shard in ("kazan", "moscow"):
        project.add_shard(shard)
        attempt(project, shard, Outcome.FAILED, "out of memory")
        attempt(project, shard, Outcome.LOADED)
    attempt(project, "moscow", Outcome.PRESENT)
    of_moscow = status(project, "sessions", "--shard", "mos*", "--day", DAY)
    states = [one["state"] for one in of_moscow]
    assert states == ["present", "loaded", "failed"]
    wanted = ("--state", "failed", "--table", "orders", "--limit", "1")
    told = project.run("shardline", "status", "sessions", *wanted).out
    assert told.count("\n") == 1
    assert f"orders {DAY} moscow  out of memory" in told
    engine = etl_engine(SecretStr(project.etl_database))
    later = AttemptFilter(since=datetime(2999, 1, 1, tzinfo=UTC))
    assert newest_attempts(engine, later, 10) == []
    of_day = AttemptFilter(targets=[project.target], day=date(2019, 3, 15))
    assert newest_attempts(engine, of_day, 10) == []
    assert newest_attempts(engine, AttemptFilter(state=AttemptState.RUNNING), 10) == []


def test_options_before_a_subcommand_are_not_lost_in_silence(project: Project) -> None:
    project.add_shard()
    result = project.run("shardline", "status", *RANGE, "failures")
    assert result.code == 2
    assert "write the options after `failures`" in result.last_line
