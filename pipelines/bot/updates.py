"""An update of a chat, as it comes, as it waits and as a worker holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from pipelines.etl_db import as_utc

MOST_BODY = 64 * 1024
"""Octets of one body, written as JSON, that are kept."""

MOST_REPLY = 256 * 1024
"""Octets of one reply, written as JSON, that are kept: a rich message fits."""


@dataclass(frozen=True)
class Update:
    """Something that has come from a chat.

    Attributes:
        update_id: What Telegram calls it; what has the same one is the same.
        chat: Where; what comes there is answered in the order in which it came.
        written: When somebody wrote it or pressed it.
        kind: What it is, such as `message`.
        body: What it says; None where that was too large to be kept.
    """

    update_id: int
    chat: str
    written: datetime
    kind: str
    body: Mapping[str, Any] | None = field(repr=False)  # an invitation's code, perhaps


@dataclass(frozen=True)
class HeldUpdate:
    """An update that one worker has to answer, or to send the answer of.

    Attributes:
        number: Which one it was of all that came.
        update: What has come. Of one that is answered, without its body.
        worker: Who holds it.
        attempt: How often it was claimed, this time included.
        is_answered: Whether what it asks for is done, and only the reply to be sent.
        reply: That reply; None where it was too large to be kept.
    """

    number: int
    update: Update
    worker: str
    attempt: int
    is_answered: bool = False
    reply: Mapping[str, Any] | None = field(default=None, repr=False)


def new_row(update: Update) -> dict[str, Any]:
    """The values of an update that comes in."""
    body = text_of(update.body, MOST_BODY)
    return {
        "update_id": update.update_id,
        "chat": update.chat,
        "written": update.written,
        "kind": update.kind,
        "body": body,
        "size": len(body or ""),
    }


def text_of(said: Mapping[str, Any] | None, most: int) -> str | None:
    """As JSON in ASCII, which any database takes; None if it is longer than `most`."""
    if said is None:
        return None
    text = json.dumps(said, separators=(",", ":"))
    return text if len(text) <= most else None


def held_update(row: RowMapping) -> HeldUpdate:
    """The update of a row that was claimed."""
    update = Update(
        update_id=row["update_id"],
        chat=row["chat"],
        written=as_utc(row["written"]),
        kind=row["kind"],
        body=_said(row["body"]),
    )
    return HeldUpdate(
        number=row["number"],
        update=update,
        worker=row["worker"],
        attempt=row["attempt"],
        is_answered=row["answered"] is not None,
        reply=_said(row["reply"]),
    )


def _said(text: str | None) -> Mapping[str, Any] | None:
    return None if text is None else json.loads(text)
