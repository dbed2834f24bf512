"""`shardline status`: the grid, what goes on failing, and the session log."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project import DAY, ORDERS_DDL, Project, finished, insert, orders
from rich.console import Console
from terminal import Screen, on_terminal

from pipelines.grid import Grid, Stand
from pipelines.grid_view import lines

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


def test_each_day_of_each_shard_stands_as_markers_and_log_say(
    project: Project,
) -> None:
    mixed(project)
    found = status(project, *RANGE)
    assert found["days"][2] == DAY
    stands = {shard: each[2] for shard, each in found["tables"]["orders"].items()}
    assert stands == {"full": "done", "empty": "skipped", "bad": "failed"}
    assert {each[1] for each in found["tables"]["orders"].values()} == {"missing"}


def test_a_load_that_goes_on_is_running(project: Project) -> None:
    shard = project.loadable(3)
    process = project.start_load()
    hold = project.hold(process, "copy")
    project.sandbox.control.wait(hold)
    (stands,) = status(project, "--from", DAY, "--to", DAY)["tables"]["orders"].values()
    assert stands == ["running"]
    project.sandbox.control.remove(hold)
    assert finished(process).code == 0
    (stands,) = status(project, "--from", DAY, "--to", DAY)["tables"]["orders"].values()
    assert stands == ["done"]
    assert len(project.rows(shard)) == 3


def test_a_day_that_is_not_over_is_not_called_missing(project: Project) -> None:
    project.add_shard()
    found = status(project, "--from", "2999-01-01", "--to", "2999-01-01")
    assert list(found["tables"]["orders"].values()) == [["not over"]]


def test_a_table_is_folded_to_counts_and_unfolds(project: Project) -> None:
    mixed(project)
    folded = screen(project, *RANGE, columns=80)
    assert folded.code == 0
    (done,) = [line for line in folded.lines if line.startswith("orders done")]
    assert done.split() == ["orders", "done", "·", "·", "1", "·", "·"]
    (missing,) = [line for line in folded.lines if line.strip().startswith("missing")]
    assert missing.split() == ["missing", "3", "3", "·", "3", "3"]
    unfolded = screen(project, *RANGE, "--unfold", columns=80)
    assert "  bad    ? ? ✗ ? ?" in unfolded.lines
    assert "  full   ? ? ■ ? ?" in unfolded.lines
    one = screen(project, *RANGE, "--shards", "e*", columns=80)
    assert "  empty  ? ? - ? ?" in one.lines
    assert not [line for line in one.lines if "full" in line]


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("unfold", [(), ("--unfold",)])
def test_a_month_of_a_terminal_neither_wraps_nor_needs_colours(
    project: Project, columns: int, unfold: tuple[str, ...]
) -> None:
    mixed(project)
    month = ("--from", "2019-03-01", "--to", "2019-03-31")
    coloured = screen(project, *month, *unfold, columns=columns)
    plain = screen(project, *month, *unfold, columns=columns, NO_COLOR="1")
    assert max(len(line) for line in coloured.lines) <= columns
    assert plain.lines == coloured.lines
    assert "\x1b[32m" in coloured.styles
    assert set(plain.styles) <= {"\x1b[0m", "\x1b[1m", "\x1b[2m"}


NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)
STANDS = st.sampled_from(Stand)


@given(
    st.integers(30, 220),
    st.integers(1, 70),
    st.dictionaries(NAMES, STANDS, min_size=1, max_size=5),
    st.booleans(),
)
def test_no_line_is_wider_than_the_terminal_and_every_day_is_shown(
    width: int, length: int, shards: dict[str, Stand], unfold: bool
) -> None:
    days = tuple(date(2019, 1, 20) + timedelta(days=at) for at in range(length))
    stands = {shard: (stand,) * length for shard, stand in shards.items()}
    console = Console(width=width, legacy_windows=False)
    shown = list(lines(Grid(days, {"orders": stands}), console, unfold=unfold))
    assert max(len(line) for line in shown) <= width
    first = next(iter(shards.values()))
    cells = [line.spans for line in shown if line.plain.startswith(("orders ", "  "))]
    assert sum(len(spans) for spans in cells) >= length
    assert any(first.value in line.plain for line in shown)


def test_what_goes_on_failing_is_a_streak_until_it_succeeds(project: Project) -> None:
    insert(project, project.add_shard("full"), orders(2))
    project.add_shard("bad", ddl="")
    for _ in range(2):
        assert project.load(DAY).code == 30
    (streak,) = status(project, "failures")
    assert streak["what"] == f"orders {DAY} bad"
    assert streak["attempts"] == 2
    assert streak["ended"] is None
    assert "dbo.Orders" in streak["last"]["comment"]
    project.on_shard("bad", ORDERS_DDL)
    assert project.load(DAY).code == 0
    (over,) = status(project, "failures")
    assert over["ended"] is not None
    assert status(project, "failures", "--open") == []
    told = project.run("shardline", "status", "failures").out
    assert f"orders {DAY} bad: 2 attempts since" in told
    assert ", skipped 20" in told
    assert "dbo.Orders" in told


def test_the_session_log_is_filtered(logged_project: Project) -> None:
    project = logged_project
    mixed(project)
    assert len(status(project, "sessions")) == 3
    for options, whats in (
        (("--shard", "f*"), {f"orders {DAY} full"}),
        (("--state", "failed"), {f"orders {DAY} bad"}),
        (("--state", "running"), set()),
        (("--day", FIRST), set()),
        (("--since", "2999-01-01"), set()),
        (("--table", "orders", "--state", "skipped"), {f"orders {DAY} empty"}),
    ):
        found = status(project, "sessions", *options)
        assert {one["what"] for one in found} == whats, options
    (newest,) = status(project, "sessions", "--limit", "1")
    assert newest["id"] == status(project, "sessions")[0]["id"]
    told = project.run("shardline", "status", "sessions", "--state", "loaded").out
    assert f"4 rows  orders {DAY} full" in told


def test_options_before_a_subcommand_are_not_lost_in_silence(project: Project) -> None:
    project.add_shard()
    result = project.run("shardline", "status", *RANGE, "failures")
    assert result.code == 2
    assert "write the options after `failures`" in result.last_line
