"""The dialogue with people: each message and each button is a wish of the table."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from pipelines.alerts import WISH
from pipelines.bot import texts
from pipelines.bot.messages import Button, Message, Press, Reply
from pipelines.config import Settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_db_errors
from pipelines.operations import (
    VERBS,
    Accepted,
    Answer,
    Caller,
    Context,
    Identity,
    InCommit,
    Outcome,
    Question,
    accept,
    agree,
    audited_queue,
    find_caller,
    find_verb,
    parse_words,
    perform,
    split_words,
    verb_named,
)
from pipelines.text import cut_line

InReplyCommit = Callable[[Connection, Reply], None]
"""What is written in the commit of what is done for somebody, such as the answer."""

UNUSABLE = "what was said cannot be answered"

START = "start"
"""What Telegram sends when somebody opens the bot, with the code of an invitation."""

LONGEST_COMMAND = 300
"""Most characters of a job's command that are told: it may name many shards."""

AGREE, LEAVE = "agree", "leave"
"""What a button stands for, before a colon and what it is about."""


class Dialogue:
    """Answers what comes from a chat."""

    def __init__(
        self,
        engine: Engine,
        settings: Callable[[], Settings],
        find: Callable[[Engine, Identity], Caller] = find_caller,
    ) -> None:
        """Prepare to answer.

        Args:
            engine: The ETL database.
            settings: Reads all options.
            find: Tells who somebody is.
        """
        self._engine, self._settings, self._find = engine, settings, find

    def reply_to(
        self, said: Message | Press, in_commit: InReplyCommit = lambda *_: None
    ) -> Reply:
        """What is answered; never an error of ours.

        Args:
            said: What has come.
            in_commit: Is called once with the answer, in the transaction of what is
                done for it; where nothing is, in one of its own.

        Raises:
            UndoneError: `in_commit` has raised it, so nothing is done.
            ShardlineError: Not even that could be committed.
        """
        is_committed = False

        def commit(connection: Connection, outcome: Outcome) -> None:
            nonlocal is_committed
            in_commit(connection, reply_of(outcome))
            is_committed = True

        try:
            if isinstance(said, Press):
                reply = self._pressed(said, commit)
            else:
                reply = self._written(said, commit)
        except ShardlineError as error:
            reply, is_committed = Reply((str(error),)), False
        if not is_committed:
            with etl_db_errors(UNUSABLE), self._engine.begin() as connection:
                in_commit(connection, reply)
        return reply

    def _written(self, said: Message, in_commit: InCommit) -> Reply:
        words = split_words(_without_address(said.text))
        if words and words[0].lower() == START:
            return self._started(said, words[1:])
        context = self._context(said)
        if context.caller.role is None and not words:
            return Reply((texts.HELLO_STRANGER,))
        verb, rest = find_verb(VERBS, words)
        if not context.caller.may(verb.capability):
            # What it takes is nothing for who may not wish it, so it is not read.
            rest = split_words(verb.example)
        arguments = parse_words(verb.arguments, rest, verb.usage)
        outcome = perform(
            context, verb, arguments, source_id=said.source_id, in_commit=in_commit
        )
        return reply_of(outcome)

    def _started(self, said: Message, words: list[str]) -> Reply:
        if words:
            caller = accept(self._engine, words[0], said.identity, said.place)
            return Reply((_greeting(texts.WELCOME, caller),))
        caller = self._find(self._engine, said.identity)
        if caller.role is None:
            return Reply((texts.HELLO_STRANGER,))
        return Reply((_greeting(texts.HELLO, caller),))

    def _pressed(self, said: Press, in_commit: InCommit) -> Reply:
        kind, _, about = said.data.partition(":")
        if kind == WISH:
            wish = Message(said.identity, said.place, about, said.source_id)
            return self._written(wish, in_commit)
        if kind == LEAVE:
            return Reply((texts.LEFT,))
        if kind != AGREE:
            return Reply((texts.UNKNOWN_BUTTON,))
        outcome = agree(
            *(self._context(said), about, verb_named),
            source_id=said.source_id,
            in_commit=in_commit,
        )
        return reply_of(outcome)

    def _context(self, said: Message | Press) -> Context:
        caller = self._find(self._engine, said.identity)
        return Context(
            caller, said.place, lambda: self._engine, self._settings, audited_queue
        )


def reply_of(outcome: Outcome) -> Reply:
    """What is answered when something has come of a wish."""
    if isinstance(outcome, Question):
        return _question(outcome)
    if isinstance(outcome, Accepted):
        return _accepted(outcome)
    return _answer(outcome)


def _answer(answer: Answer) -> Reply:
    lines = (*answer.lines, *answer.warnings)
    shown = (lines, answer.rows, answer.sections, answer.texts, answer.files)
    is_empty = not any(shown)
    return Reply(
        lines=(texts.NOTHING,) if is_empty else lines,
        heads=answer.heads if answer.rows else (),
        rows=tuple(answer.rows),
        sections=answer.sections,
        texts=answer.texts,
        files=answer.files,
        is_private=answer.is_private,
    )


def _question(question: Question) -> Reply:
    shall = texts.SHALL_I_ANEW if question.is_anew else texts.SHALL_I
    return Reply(
        lines=(*question.plan.lines, shall),
        buttons=(
            Button(texts.AGREE, f"{AGREE}:{question.number}"),
            Button(texts.LEAVE, f"{LEAVE}:{question.number}"),
        ),
    )


def _accepted(accepted: Accepted) -> Reply:
    number = accepted.job.number
    words = " ".join(["shardline", *accepted.job.wish.words])
    command = cut_line(words, LONGEST_COMMAND)
    text = texts.QUEUED if accepted.is_new else texts.SAME_JOB
    return Reply(
        lines=(text.format(number=number, command=command),),
        buttons=(
            Button(texts.HOW_FAR, f"{WISH}:jobs show {number}"),
            Button(texts.CANCEL, f"{WISH}:jobs cancel {number}"),
        ),
    )


def _without_address(text: str) -> str:
    """The text without the slash before a command, and the bot's name behind it."""
    command, blank, rest = text.strip().partition(" ")
    if not command.startswith("/"):
        return text
    return command[1:].partition("@")[0].replace("_", " ") + blank + rest


def _greeting(text: str, caller: Caller) -> str:
    return text.format(name=caller.who, role=caller.role)
