from __future__ import annotations

import multiprocessing
import subprocess
import sys

from pipelines.errors import PermanentError, one_line
from pipelines.failures import MOST_OCTETS, PRINTED, Lines, shown


def test_an_error_tells_where_what_and_what_next_in_one_line() -> None:
    error = PermanentError("it\nbroke", step="mend\tit").at("orders 2019-03-14 omsk")
    assert str(error) == "orders 2019-03-14 omsk: it broke; mend it"


def test_lines_of_forked_children_reach_the_parent() -> None:
    lines = Lines()
    context = multiprocessing.get_context("fork")
    child = context.Process(target=lines.add, args=("from the child",))
    lines.add("from the parent")
    child.start()
    child.join(30)
    assert lines.take() == ["from the parent", "from the child"]
    assert lines.take() == []


def test_a_line_that_is_said_twice_is_told_once() -> None:
    lines = Lines()
    for line in ("one", "two", "one"):
        lines.add(line)
    assert lines.take() == ["one", "two"]


def test_a_line_is_cut_and_has_no_break_in_it() -> None:
    lines = Lines()
    lines.add("a\nb\x00" + "é" * MOST_OCTETS)
    (line,) = lines.take()
    assert line.startswith("a b é")
    assert len(line.encode()) <= MOST_OCTETS + 2


def test_more_lines_than_a_pipe_holds_do_not_stop_a_process() -> None:
    lines = Lines()
    for number in range(1_000):
        lines.add(f"{number} " + "x" * 1_000)
    assert 0 < len(lines.take()) < 1_000


def test_lines_beyond_what_people_read_are_counted() -> None:
    many = [str(number) for number in range(PRINTED + 3)]
    assert shown(many)[0] == "... and 3 more failures"
    assert shown(many)[1:] == many[:PRINTED]
    assert shown(many[:2]) == many[:2]


def test_what_nobody_took_is_the_last_that_a_process_says() -> None:
    script = "from pipelines import failures; failures.lines().add('last words')"
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stderr == "last words\n"


def test_control_characters_do_not_reach_a_terminal() -> None:
    assert one_line("\x1b[31mred\x1b[0m\r\n") == "[31mred [0m"
