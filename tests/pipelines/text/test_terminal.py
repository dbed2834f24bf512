"""Tables on a terminal: of names only what is read, and no style or link of theirs."""

from __future__ import annotations

import io

from hypothesis import example, given
from rich.table import Table

from pipelines.text import Console
from tests.kit.hidden import HOSTILE, TEXTS, hidden


def written(text: str) -> str:
    console = Console(
        file=io.StringIO(), force_terminal=True, width=200, color_system=None
    )
    table = Table(box=None)
    table.add_column("name", style="bold", overflow="fold")
    table.add_row(text)
    console.print(table)
    console.print(text, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@given(TEXTS)
@example(HOSTILE)
def test_only_the_styles_of_the_table_itself_are_control_characters(text: str) -> None:
    assert not hidden(written(text).replace("\x1b[1m", "").replace("\x1b[0m", ""))


def test_a_name_is_no_markup() -> None:
    assert "[link=http://x.example]:smile:" in written("[link=http://x.example]:smile:")
