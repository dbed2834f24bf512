"""What comes in from a chat and what goes out, without anything of Telegram's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipelines.operations import File, Identity, Section

AGREE, LEAVE = "agree", "leave"
"""What a button stands for, before a colon and what it is about."""


@dataclass(frozen=True)
class Document:
    """A file that somebody has sent.

    Attributes:
        file_id: What it is fetched by.
        name: What its sender calls it: data, and nothing to be relied on.
        size: Octets that it is said to have.
        content_type: What it is said to be.
        file: Where it is, once it is fetched.
        fault: Why it could not be fetched; empty if that was not tried.
    """

    file_id: str
    name: str
    size: int
    content_type: str = ""
    file: Path | None = None
    fault: str = ""


@dataclass(frozen=True)
class Message:
    """Something that somebody has written.

    Attributes:
        identity: Who, as the chat vouches for it.
        place: Where, such as `telegram:-1001234567890/5`.
        text: What, as it was written.
        source_id: What it is called where it comes from, so that it counts once.
        document: A file that it comes with; the text is then what stands below that.
        is_aside: Whether it answers another message in a group, so that it is for the
            bot only if that has asked something.
    """

    identity: Identity
    place: str
    text: str = field(repr=False)  # it may be an invitation's code
    source_id: str | None = None
    document: Document | None = None
    is_aside: bool = False


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
    """What is answered; nothing is if it is empty.

    Attributes:
        lines: Line by line.
        heads: The heads of a table below that, if there is one.
        rows: Its rows.
        sections: What is behind it, folded below that where that can be done.
        texts: What was written by others, below its heading, to be shown as it is.
        files: Pictures and files that go with it.
        buttons: What may be pressed.
        is_private: Whether only who asked may read it.
        replaces: Whether it takes the place of the message whose button was pressed,
            rather than being one of its own.
        follows: The number of the job whose progress is shown below it from now on.
    """

    lines: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    sections: tuple[Section, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()
    buttons: tuple[Button, ...] = ()
    is_private: bool = False
    replaces: bool = False
    follows: int | None = None


class _Kept(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    reply: Reply


def write_reply(reply: Reply) -> dict[str, Any]:
    """A reply as JSON has it, until it is sent."""
    kept = _Kept(reply=reply)
    told: dict[str, Any] = kept.model_dump(mode="json", exclude_defaults=True)["reply"]
    return told


def read_reply(told: Mapping[str, Any]) -> Reply:
    """The reply that `write_reply` wrote."""
    return _Kept.model_validate({"reply": told}).reply
