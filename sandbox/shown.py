"""What was sent to people: the chats as they stand, the mails as pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.text import Text

from pipelines.text import visible
from sandbox.private_files import new_file, private_folder
from sandbox.smtp.page import page, plain
from sandbox.telegram.rich import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.text import Console
    from sandbox.control import Control
    from sandbox.smtp.mailbox import Mail
    from sandbox.telegram.chats import Message


def show_chats(console: Console, control: Control) -> None:
    """Print the messages of every chat."""
    shown = [
        message
        for chat in control.telegram.chats()
        for message in control.telegram.messages(chat)
        if not message.deleted
    ]
    for message in shown:
        show_message(console, message)
    if not shown:
        console.print("The chats are empty: nothing failed, or nothing was sent yet")


def show_message(console: Console, message: Message) -> None:
    """Print a message as its chat shows it."""
    console.print(
        Panel(
            Text(visible("\n".join(_lines(message)), keep="\n")),
            title=Text(", ".join(_title(message))),
            title_align="left",
            border_style="green" if message.sender else "cyan",
        )
    )


def _title(message: Message) -> Iterator[str]:
    yield f"chat {message.chat}"
    if message.thread:
        yield f"topic {message.thread}"
    if message.sender:
        yield f"user {message.sender}"
    yield f"{datetime.fromtimestamp(message.date, UTC):%Y-%m-%d %H:%M} UTC"
    if message.edits:
        yield f"edited {message.edits} times" if message.edits > 1 else "edited"
    if message.reply_to:
        yield "a reply"


def _lines(message: Message) -> Iterator[str]:
    file = message.file
    if file:
        yield f"{file.kind} {visible(file.name)}, {file.size:,} octets"
    if message.rich:
        yield as_text(message.rich)
    if message.text:
        yield message.text
    for row in message.keyboard:
        yield " ".join(f"[ {visible(button.text)} ]" for button in row)


def show_mails(console: Console, control: Control, folder: Path) -> None:
    """Save every mail as a page in a folder, and print what is where."""
    mails = control.smtp.mails()
    private_folder(folder)
    for number, mail in enumerate(mails, start=1):
        path = folder / f"{number:04}.html"
        save(mail, path)
        show_mail(console, mail, path)
    if not mails:
        console.print("There is no mail yet")


def show_mail(console: Console, mail: Mail, path: Path) -> None:
    """Print a mail's text, and the page that it was saved to."""
    message = mail.message
    lines = [
        visible(f"Subject: {message['Subject']}"),
        visible(f"To: {', '.join(mail.recipients)}"),
        "",
        plain(message).rstrip(),
        "",
        f"With its pictures: {path.absolute().as_uri()}",
        "",
    ]
    # Whole lines, so that a terminal finds the link and columns stay columns.
    console.print(Text("\n".join(lines)), soft_wrap=True)


def save(mail: Mail, path: Path) -> None:
    """Write a mail to a file, as a page that a browser opens."""
    with new_file(path, encoding="utf-8") as file:
        file.write(visible(page(mail.message), keep="\n"))
