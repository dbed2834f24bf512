"""What an error tells is one line that a terminal and a chat can show."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.errors import LONGEST, PermanentError

texts = st.text(max_size=200)


@given(texts, texts, texts)
@example("\u202eevil\x1b[31m\x07", "\u2028a\r\nb", "\x9b2J\u200f")
def test_it_is_one_line_without_what_moves_a_cursor(
    cause: str, step: str, where: str
) -> None:
    line = str(PermanentError(cause, step=step, where=where))
    assert line.isprintable()


def test_a_text_without_end_is_cut() -> None:
    error = PermanentError("x" * 5_000_000)
    assert len(error.cause) == LONGEST
    assert error.cause.endswith("…")
    assert len(repr(error)) < 2 * LONGEST
