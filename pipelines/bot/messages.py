"""What comes in from a chat and what goes out, without anything of Telegram's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.operations import File, Identity


@dataclass(frozen=True)
class Message:
    """Something that somebody has written.

    Attributes:
        identity: Who, as the chat vouches for it.
        place: Where, such as `telegram:-1001234567890/5`.
        text: What, as it was written.
        source_id: What it is called where it comes from, so that it counts once.
    """

    identity: Identity
    place: str
    text: str = field(repr=False)  # it may be an invitation's code
    source_id: str | None = None


@dataclass(frozen=True)
class Press:
    """A button that somebody has pressed.

    Attributes:
        identity: Who, as the chat vouches for it.
        place: Where.
        data: What the button stands for.
        source_id: What it is called where it comes from, so that it counts once.
    """

    identity: Identity
    place: str
    data: str
    source_id: str | None = None


@dataclass(frozen=True)
class Button:
    """Something to press.

    Attributes:
        label: What is on it.
        data: What it stands for, in at most 64 octets.
    """

    label: str
    data: str


@dataclass(frozen=True)
class Reply:
    """What is answered.

    Attributes:
        lines: Line by line.
        heads: The heads of a table below that, if there is one.
        rows: Its rows.
        texts: What was written by others, below its heading, to be shown as it is.
        files: Pictures and files that go with it.
        buttons: What may be pressed.
        is_private: Whether only who asked may read it.
    """

    lines: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    texts: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()
    buttons: tuple[Button, ...] = ()
    is_private: bool = False
