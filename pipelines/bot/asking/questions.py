"""How a question of a conversation reads."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.bot import texts
from pipelines.bot.asking.choices import Choice
from pipelines.bot.asking.conversations import Conversation
from pipelines.bot.messages import Button, Reply
from pipelines.operations import AnyVerb, described, fields_of

ANSWER, END = "answer", "end"
"""What a button stands for, before a colon and the question's id."""


def question_reply(
    verb: AnyVerb, asked: Conversation, choices: tuple[Choice, ...]
) -> Reply:
    """A question, with what was wrong with the answer before, if anything was.

    Args:
        verb: What somebody wishes.
        asked: What is known of it, and what is asked for.
        choices: What the buttons stand for.
    """
    wanted, fault = asked.unfinished.wanted, asked.unfinished.fault
    metavar = fields_of(verb.arguments)[wanted].metavar
    meanings = dict(
        zip(verb.arguments.model_fields, described(verb.arguments), strict=True)
    )
    question = texts.WHICH.format(wish=" ".join(_known(verb, asked)), what=metavar)
    how = texts.PRESS_OR_REPLY if choices else texts.REPLY
    ours = [
        Button(choice.label, f"{ANSWER}:{asked.question}:{number}")
        for number, choice in enumerate(choices)
    ]
    return Reply(
        lines=(*([fault] if fault else []), f"{question} {meanings[wanted][1]}", how),
        buttons=(*ours, Button(texts.END, f"{END}:{asked.question}")),
    )


def _known(verb: AnyVerb, asked: Conversation) -> Iterator[str]:
    """The wish as far as it is known, about as it might have been written."""
    yield verb.name
    fields = fields_of(verb.arguments)
    for name in fields:
        value = asked.unfinished.given.get(name)
        if value is None or value is False:
            continue
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        if value is True:
            yield name
        else:
            yield text if fields[name].takes else f"{name}={text}"
