"""The commands `python -m sandbox chat` and `python -m sandbox mail`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipelines.text import Console
from sandbox.addresses import read_addresses
from sandbox.control import Control
from sandbox.parameters import ADDRESSES, HOME, PATH
from sandbox.shown import show_chats, show_mails

if TYPE_CHECKING:
    from pathlib import Path

_CHAT_HELP = """\
Print what the chats of a running sandbox show: incidents, and their ends.

\b
python -m sandbox chat
"""
_MAIL_HELP = """\
Save the mails that a running sandbox got as pages that a browser opens, and list them.

\b
python -m sandbox mail
python -m sandbox mail --to build/mails
"""


@click.command(help=_CHAT_HELP)
@ADDRESSES
def chat(addresses: Path) -> None:
    """Print the chats."""
    with Control(read_addresses(addresses).control) as control:
        show_chats(Console(), control)


@click.command(help=_MAIL_HELP)
@click.option(
    "--to",
    "folder",
    type=PATH,
    default=HOME / "mail",
    show_default=True,
    help="The folder of the pages.",
)
@ADDRESSES
def mail(folder: Path, addresses: Path) -> None:
    """Save and list the mails."""
    with Control(read_addresses(addresses).control) as control:
        show_mails(Console(), control, folder)
