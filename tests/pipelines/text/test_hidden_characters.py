"""Nothing hidden is shown; what is ordinary text in some language stays."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.errors import one_line
from pipelines.text import cut_line, visible
from tests.kit.hidden import FAMILY, HOSTILE, TEXTS, hidden


@given(TEXTS)
@example(HOSTILE)
def test_a_text_has_nothing_hidden_in_it_and_is_made_so_once(text: str) -> None:
    assert not hidden(visible(text), keep="")
    assert not hidden(visible(text, keep="\n\t"), keep="\n\t")
    assert visible(visible(text)) == visible(text)
    assert not hidden(one_line(text), keep="")


def test_what_was_hidden_can_be_read() -> None:
    shown = visible("\x1b[31m\u202e\x9b\u2028\n\U000e0001")
    assert shown == r"\x1b[31m\u202e\x9b\u2028\n\U000e0001"


def test_joiners_and_marks_are_parts_of_words_and_stay() -> None:
    assert visible(FAMILY) == one_line(FAMILY) == FAMILY


@given(st.text(), st.integers(8, 40))
def test_a_line_that_is_cut_has_its_beginning_its_end_and_a_mark(
    line: str, most: int
) -> None:
    cut = cut_line(line, most)
    assert len(cut) <= most
    if len(line) > most:
        assert re.fullmatch(
            f"{re.escape(line[: most // 2])}.*…{re.escape(line[-(most // 4) :])}",
            cut,
            re.DOTALL,
        )
