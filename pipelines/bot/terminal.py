"""The same dialogue in a terminal, without Telegram."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich.cells import cell_len, set_cell_size

from pipelines.bot.dialogue import Dialogue
from pipelines.bot.messages import Button, Message, Press, Reply
from pipelines.operations import Identity

Show = Callable[[str], None]


def converse(
    dialogue: Dialogue,
    identity: Identity,
    place: str,
    lines: Iterable[str],
    show: Show,
) -> None:
    """Answer line by line; a number alone presses a button of the last answer.

    Args:
        dialogue: Who answers.
        identity: Who writes.
        place: Where.
        lines: What is written.
        show: Shows a line of what is answered.
    """
    buttons: tuple[Button, ...] = ()
    for line in lines:
        if not line.strip():
            continue
        reply = dialogue.reply_to(_said(line.strip(), buttons, identity, place))
        buttons = reply.buttons
        for shown in reply_lines(reply):
            show(shown)


def reply_lines(reply: Reply) -> Iterator[str]:
    """An answer as lines of plain text."""
    yield from reply.lines
    yield from _table([reply.heads, *reply.rows] if reply.heads else reply.rows)
    for section in reply.sections:
        yield f"{section.summary}:"
        yield from (f"  {line}" for line in _table([section.heads, *section.rows]))
    for heading, text in reply.texts:
        if text:
            yield from (f"{heading}:", *text.rstrip("\n").splitlines())
    for file in reply.files:
        yield f"[{file.name}, {len(file.content):,} octets]"
    if reply.buttons:
        numbered = enumerate(reply.buttons, 1)
        yield "  ".join(f"[{number}] {one.label}" for number, one in numbered)


def _table(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    every = list(rows)
    widths = [max(map(cell_len, column)) for column in zip(*every, strict=True)]
    for row in every:
        cells = (set_cell_size(*each) for each in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _said(
    line: str, buttons: tuple[Button, ...], identity: Identity, place: str
) -> Message | Press:
    at = int(line) if line.isascii() and line.isdecimal() and len(line) < 4 else 0  # noqa: PLR2004 - no list of buttons is longer
    if 1 <= at <= len(buttons):
        return Press(identity, place, buttons[at - 1].data)
    return Message(identity, place, line)
