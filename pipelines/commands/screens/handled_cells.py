"""What of the status grid somebody sees to already, to stand below its legend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from pipelines.operations import HandledCells, handled_lines

STYLE = "yellow"


def handled_texts(handled: Iterable[HandledCells]) -> Iterator[Text]:
    """A line for each table of each incident that was acknowledged or muted."""
    return (Text(line, STYLE) for line in handled_lines(handled))
