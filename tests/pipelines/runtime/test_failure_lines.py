from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from pipelines.errors import PermanentError, one_line
from pipelines.runtime import lines_to_print
from pipelines.runtime.failure_lines import PRINTED, Lines, Pending


@pytest.fixture
def lines() -> Iterator[Lines]:
    with closing(Lines()) as opened:
        yield opened


def test_an_error_tells_where_what_and_what_next_in_one_line() -> None:
    error = PermanentError("it\nbroke", step="mend\tit").at("orders 2019-03-14 omsk")
    assert str(error) == "orders 2019-03-14 omsk: it broke; mend it"


def test_lines_of_forked_children_reach_the_parent(lines: Lines) -> None:
    context = multiprocessing.get_context("fork")
    child = context.Process(target=lines.add, args=("from the child",))
    lines.add("from the parent")
    child.start()
    child.join(30)
    assert lines.take().failures == ("from the parent", "from the child")
    assert lines.take() == Pending((), ())


def test_a_line_that_is_said_twice_is_told_once(lines: Lines) -> None:
    for line in ("one", "two", "one"):
        lines.add(line)
    assert lines.take().failures == ("one", "two")


def test_a_line_has_no_break_in_it(lines: Lines) -> None:
    lines.add("a\nb\x00\ud800")
    assert lines.take().failures == (r"a b\x00\ud800",)


def test_any_number_of_lines_is_kept(lines: Lines) -> None:
    for number in range(1_000):
        lines.add(f"{number} " + "x" * 1_000)
    assert len(lines.take().failures) == 1_000


def test_shards_that_wait_for_the_same_share_a_line_before_the_failures(
    lines: Lines,
) -> None:
    lines.add("a failure")
    for shard in ("kazan", "moscow", "kazan"):
        lines.wait_for("orders 2999-12-31", shard, "the day is not over")
    lines.wait_for("orders 2999-12-31", "omsk", "the day is not over there")
    assert lines.take().failures == (
        "orders 2999-12-31 kazan and 1 more shards: the day is not over",
        "orders 2999-12-31 omsk: the day is not over there",
        "a failure",
    )


def test_shards_with_the_same_warning_share_a_line(lines: Lines) -> None:
    context = multiprocessing.get_context("fork")
    for shard in ("kazan", "moscow"):
        child = context.Process(
            target=lines.warn, args=("orders 2019-03-14", shard, "look at this")
        )
        child.start()
        child.join(30)
    told = "warning: orders 2019-03-14 kazan and 1 more shards: look at this"
    assert lines.take() == Pending((told,), ())


def test_lines_beyond_what_people_read_are_counted() -> None:
    many = [str(number) for number in range(PRINTED + 3)]
    assert lines_to_print(many)[0] == "3 more lines like these:"
    assert lines_to_print(many)[1:] == many[3:]
    assert lines_to_print(many[:2]) == many[:2]


def test_what_nobody_took_is_the_last_that_a_process_says() -> None:
    script = (
        "from pipelines.runtime import failure_log; failure_log().add('last words')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stderr == "last words\n"


def test_control_characters_do_not_reach_a_terminal() -> None:
    assert one_line("\x1b[31mred\x1b[0m\r\n") == r"\x1b[31mred\x1b[0m"
