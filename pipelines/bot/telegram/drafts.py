"""What is to be sent of a reply, in each form that it may have to take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from telegram import InputFile

from pipelines.bot import texts
from pipelines.bot.messages import Button, Reply
from pipelines.bot.telegram.cleaned import cleaned
from pipelines.bot.telegram.plain import Part, plain_messages, whole_text
from pipelines.bot.telegram.rich import rich_message
from pipelines.operations import File

MOST_OF_FILE = 50_000_000
MOST_OF_PHOTO = 10_000_000
"""Octets that Telegram takes."""

WHOLE = "answer.txt"
"""The name of the file that has the whole of a reply that is shown shortened."""

PHOTOS = frozenset({"image/jpeg", "image/png"})

_MB = 1_000_000
_MOST_OF_CAPTION = 1_000
_SHORT_LABEL, _LONG_LABEL = 12, 24


@dataclass(frozen=True)
class Form:
    """One way to say something.

    Attributes:
        method: The method of the Bot API that sends it.
        content: Its parameters, but for where.
    """

    method: str
    content: dict[str, Any]


@dataclass(frozen=True)
class Piece:
    """One message.

    Attributes:
        forms: The ways to say it, the best one first.
        is_text: Whether it is of the reply's text, rather than one of its files.
    """

    forms: tuple[Form, ...]
    is_text: bool = True


@dataclass(frozen=True)
class Draft:
    """What is to be sent of a reply, in order.

    Attributes:
        rich: With a rich message; () if the reply has no text.
        plain: With messages of HTML instead.
    """

    rich: tuple[Piece, ...]
    plain: tuple[Piece, ...]


def draft_of(told: Reply) -> Draft:
    """What is to be sent of a reply; takes a while where that is long."""
    reply = _without_unsendable(cleaned(told))
    files = tuple(_file(one) for one in reply.files)
    table = reply.heads or reply.rows
    is_text = bool(reply.lines or table or reply.sections or reply.texts)
    if not is_text and files and not reply.buttons:
        return Draft((), files)
    if not is_text:
        reply = replace(reply, lines=(texts.NOTHING,))
    keyboard = _keyboard(reply.buttons)
    rich, plain = rich_message(reply, WHOLE), plain_messages(reply, WHOLE)
    whole = () if rich.is_whole and plain.is_whole else (_whole(reply),)
    first = Piece(
        (Form("sendrichmessage", {"rich_message": rich.as_json(), **keyboard}),)
    )
    return Draft(
        rich=(first, *(whole if not rich.is_whole else ()), *files),
        plain=(
            *_texts(plain.parts, keyboard),
            *(whole if not plain.is_whole else ()),
            *files,
        ),
    )


def _texts(parts: tuple[Part, ...], keyboard: dict[str, Any]) -> Iterator[Piece]:
    """The messages of a text; the buttons are below the last."""
    for at, part in enumerate(parts, 1):
        more = {"link_preview_options": {"is_disabled": True}}
        if at == len(parts):
            more |= keyboard
        html = {"text": part.html, "parse_mode": "HTML", **more}
        plain = {"text": part.text, **more}
        yield Piece((Form("sendmessage", html), Form("sendmessage", plain)))


def _whole(reply: Reply) -> Piece:
    content = whole_text(reply).encode()
    return _file(File(WHOLE, "text/plain", content[:MOST_OF_FILE]))


def _file(file: File) -> Piece:
    """A file; a picture is shown, if Telegram takes it as one."""
    document = {"document": InputFile(file.content, filename=file.name)}
    forms = [Form("senddocument", document)]
    if file.content_type in PHOTOS and len(file.content) <= MOST_OF_PHOTO:
        photo = {
            "photo": InputFile(file.content, filename=file.name),
            "caption": file.name[:_MOST_OF_CAPTION],
        }
        forms.insert(0, Form("sendphoto", photo))
    return Piece(tuple(forms), is_text=False)


def _without_unsendable(reply: Reply) -> Reply:
    """The reply with a line in place of each file that Telegram would not take."""
    lines, files = list(reply.lines), []
    for file in reply.files:
        size = len(file.content)
        if 0 < size <= MOST_OF_FILE:
            files.append(file)
        elif size:
            figures = {"size": -(-size // _MB), "most": MOST_OF_FILE // _MB}
            lines.append(texts.FILE_TOO_LARGE.format(name=file.name, **figures))
        else:
            lines.append(texts.FILE_EMPTY.format(name=file.name))
    return replace(reply, lines=tuple(lines), files=tuple(files))


def _keyboard(buttons: tuple[Button, ...]) -> dict[str, Any]:
    """The parameter for buttons, as many in a row as a telephone has room for."""
    if not buttons:
        return {}
    longest = max(len(button.label) for button in buttons)
    in_row = 3 if longest <= _SHORT_LABEL else 2 if longest <= _LONG_LABEL else 1
    keys = [{"text": one.label, "callback_data": one.data} for one in buttons]
    rows = [keys[at : at + in_row] for at in range(0, len(keys), in_row)]
    return {"reply_markup": {"inline_keyboard": rows}}
