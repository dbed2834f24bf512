"""Commands that are verbs: what they are told and what they answer is the verb's."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import Engine

from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.verb_options import verb_options
from pipelines.config import current_settings, read_session_options
from pipelines.etl_db import etl_engine
from pipelines.operations import (
    Answer,
    Arguments,
    Change,
    Context,
    Look,
    audited_queue,
    perform,
    shell_caller,
    shell_place,
)
from pipelines.runtime import print_json, say, say_exactly, warn


def shell_context() -> Context:
    """What whoever calls this command wishes something with."""
    return Context(
        shell_caller(), shell_place(), _engine, current_settings, audited_queue
    )


def _engine() -> Engine:
    return etl_engine(read_session_options().database)


def verb_command(verb: Look[Any] | Change[Any], name: str, text: str) -> click.Command:
    """The command of a verb that is done at once.

    Args:
        verb: The verb.
        name: What the command is called.
        text: Its help.
    """

    @click.command(name, cls=AlsoOnEcs, help=text, short_help=verb.summary)
    @verb_options(verb.arguments)
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    def command(arguments: Arguments, as_json: bool) -> None:
        context = shell_context()
        if isinstance(verb, Look):
            answer = verb.run(context, arguments)
        else:
            answer = _done(verb, context, arguments)
        print_answer(answer, as_json=as_json)

    return command


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """Write an answer for people, a line each with tabs between cells, or as JSON."""
    if as_json:
        print_json(answer.data)
    for row in () if as_json else answer.rows:
        say(*row)
    for line in () if as_json else answer.lines:
        say(line)
    for section in () if as_json else answer.sections:
        say(f"{section.summary}:")
        for row in section.rows:
            say(*row)
    for heading, text in () if as_json else answer.texts:
        if text:
            say(f"{heading}:")
            say_exactly(text.rstrip("\n"))
    for warning in answer.warnings:
        warn(warning)


def _done(verb: Change[Any], context: Context, arguments: Arguments) -> Answer:
    outcome = perform(context, verb, arguments, agreed=True)
    if not isinstance(outcome, Answer):
        raise TypeError(f"{verb.name} is no job, and was agreed to")
    return outcome
