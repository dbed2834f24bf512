"""The commands `python -m sandbox say` and `python -m sandbox press`."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from pipelines.text import Console, visible
from sandbox.addresses import read_addresses
from sandbox.control import Control
from sandbox.parameters import ADDRESSES
from sandbox.shown import show_message
from sandbox.talk import Answers, find_button

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PERSON = 1001
_SAY_HELP = """\
Write to the bot of a running sandbox, and print what it answers.

In the group -1001 a bot is told what is meant for it alone: write
`/status@sandbox_bot` there, or answer one of its messages.

\b
python -m sandbox say /status
python -m sandbox say "/why moscow 2019-03-14"
python -m sandbox say --chat -1001 /status@sandbox_bot
"""
_PRESS_HELP = """\
Press a button under a message of the bot, by what stands on it, and print its answer.

The newest message that has such a button is taken.

\b
python -m sandbox press "Re-run"
"""
_TALK = (
    click.option(
        "--chat",
        type=int,
        help="The chat's id.  [default: the private one with the person]",
    ),
    click.option(
        "--user",
        type=int,
        default=_PERSON,
        show_default=True,
        help="The id of the person who does it.",
    ),
    click.option(
        "--wait",
        type=click.FloatRange(min=0, max=600),
        default=10.0,
        show_default=True,
        help="Seconds to wait for the first answer.",
    ),
    ADDRESSES,
)


def _talk(command: Callable[..., Any]) -> Callable[..., Any]:
    return reduce(lambda made, option: option(made), reversed(_TALK), command)


@click.command(help=_SAY_HELP, no_args_is_help=True)
@click.argument("text")
@_talk
def say(
    *, text: str, chat: int | None, user: int, wait: float, addresses: Path
) -> None:
    """Write, and print the answers."""
    with Control(read_addresses(addresses).control) as control:
        telegram, place = control.telegram, chat or user
        answers = Answers(telegram, place)
        said = telegram.say(place, user, text)
        console = Console()
        if not said.update:
            console.print("The bot is not told of this: see --help")
            return
        for message in answers.wait(wait):
            show_message(console, message)


@click.command(help=_PRESS_HELP, no_args_is_help=True)
@click.argument("label")
@_talk
def press(
    *, label: str, chat: int | None, user: int, wait: float, addresses: Path
) -> None:
    """Press, and print the answers."""
    with Control(read_addresses(addresses).control) as control:
        telegram, place = control.telegram, chat or user
        message, button = find_button(telegram, place, label)
        answers = Answers(telegram, place)
        pressed = telegram.press(place, user, message.id, button.data)
        console = Console()
        for one in answers.wait(wait, or_else=lambda: telegram.answer_to(pressed)):
            show_message(console, one)
        answer = telegram.answer_to(pressed)
        if answer and answer.text:
            console.print(Text(visible(answer.text)))
