"""What was sent to people: the chats as they stand, the mails as pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.text import Text

from pipelines.text import visible
from sandbox.private_files import new_file, private_folder
from sandbox.smtp.page import page, plain
from sandbox.telegram.bot import DEFAULT_CHATS

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.text import Console
    from sandbox.control import Control
    from sandbox.smtp.mailbox import Mail
    from sandbox.telegram.chats import Message


def show_chats(console: Console, control: Control) -> None:
    """Print the messages of every chat."""
    shown = [
        message
        for chat in DEFAULT_CHATS
        for message in control.telegram.messages(chat)
        if not message.deleted
    ]
    for message in shown:
        show_message(console, message)
    if not shown:
        console.print("The chats are empty: nothing failed, or nothing was sent yet")


def show_message(console: Console, message: Message) -> None:
    """Print a message as its chat shows it."""
    sent = datetime.fromtimestamp(message.date, UTC)
    told = [f"chat {message.chat}", f"{sent:%Y-%m-%d %H:%M} UTC"]
    if message.edits:
        told.append(f"edited {message.edits} times" if message.edits > 1 else "edited")
    if message.reply_to:
        told.append("a reply")
    console.print(
        Panel(
            Text(visible(message.text, keep="\n")),
            title=Text(", ".join(told)),
            title_align="left",
            border_style="cyan",
        )
    )


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
