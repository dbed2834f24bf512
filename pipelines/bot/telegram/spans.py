"""Code in a line of text, which stands between backticks."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of a line.

    Attributes:
        text: What is read.
        is_code: Whether it is code.
    """

    text: str
    is_code: bool


def spans(line: str) -> list[Span]:
    """The stretches of a line; one whose backticks are no pairs is shown as it is."""
    parts = line.split("`")
    is_paired = len(parts) % 2 and all(part.strip() for part in parts[1::2])
    if not is_paired:
        return [Span(line, is_code=False)]
    told = (Span(part, is_code=bool(at % 2)) for at, part in enumerate(parts))
    return [span for span in told if span.text]
