"""`shardline bot`: the ops bot, and the same in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import click
from sqlalchemy import Engine

from pipelines.bot import Dialogue, converse
from pipelines.config import current_settings, read_session_options, read_settings
from pipelines.errors import ConfigurationError
from pipelines.etl_db import etl_engine
from pipelines.operations import (
    SLOW_MODULES,
    Caller,
    Identity,
    Role,
    shell_caller,
    shell_place,
)
from pipelines.runtime import ProcessPool, say, stopper, warn

BOT_HELP = """Answer people in Telegram, until told to end.

    What somebody sends is in the ETL database before Telegram forgets it, so nothing is
    lost and nothing done twice, whenever the bot is killed. While it runs, it sends the
    alerts, too. There is one bot at a time; another one waits. Told to end by SIGTERM,
    it finishes what it has begun.

    \b
    Examples:
      shardline bot
      shardline bot try --role viewer

    \b
    Exit codes:
       2  wrong usage or configuration, such as no telegram connection
      30  the ETL database cannot be used at the start; later it is waited for
     130  interrupted
     143  told to end by SIGTERM
    """

TRY_HELP = """Talk with the bot in this terminal, without Telegram.

    What is written is done: as whoever calls this, or with --role as somebody of that
    role would. A number alone presses a button of the last answer. It ends with the
    input.

    \b
    Examples:
      shardline bot try
      shardline bot try --role viewer
      echo 'status orders 2019-03-14' | shardline bot try

    \b
    Exit codes:
       0  the input has ended
       2  wrong usage or configuration
      30  the ETL database cannot be used
     130  interrupted
    """

CLIENT = ("telegram", "httpx")
"""The modules that the extra `bot` brings."""

PROMPT = "> "


@click.group(invoke_without_command=True, help=BOT_HELP)
@click.pass_context
def bot(context: click.Context) -> None:
    """Answer people in Telegram."""
    if context.invoked_subcommand is None:
        _run()


def _run() -> None:
    options = read_settings()
    try:
        from pipelines.bot import run_bot  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in CLIENT:
            raise
        raise ConfigurationError(
            "the bot needs python-telegram-bot",
            step="pip install 'shardline[bot]'",
        ) from error
    stopper().grace = options.run.grace
    with stopper().shielded(), ProcessPool(options.bot.processes, SLOW_MODULES) as pool:
        run_bot(options, stopper().stopped, pool)
    stopper().check()


@bot.command("try", help=TRY_HELP)
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.ADMIN.value,
    show_default=True,
    help="Whose wishes are tried.",
)
def try_(role: str) -> None:
    """Talk with the bot in this terminal."""
    engine = etl_engine(read_session_options().database)
    caller = replace(shell_caller(), role=Role(role))

    def find(_engine: Engine, _identity: Identity) -> Caller:
        return caller

    dialogue = Dialogue(engine, current_settings, find)
    if sys.stdin.isatty():
        warn("Write what you wish, such as `help`; Ctrl-D ends it.")
    converse(dialogue, caller.identity, shell_place(), _lines(), say)


def _lines() -> Iterator[str]:
    """What is written, line by line, with a prompt if somebody writes it."""
    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    with suppress(EOFError):
        while True:
            yield input(PROMPT)
