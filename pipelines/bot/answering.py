"""What is answered to an update, whatever it is, in one commit with what it brings."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from pipelines.alerts import move_places
from pipelines.bot import texts
from pipelines.bot.dialogue import UNUSABLE, Dialogue, command_of
from pipelines.bot.figures import Event, Figures
from pipelines.bot.inbox import finish
from pipelines.bot.kept_answers import KeptAnswer
from pipelines.bot.messages import Message, Reply
from pipelines.bot.polling.throttle import FLOOD, WINDOW
from pipelines.bot.telegram.incoming import Incoming
from pipelines.bot.telegram.targets import Target
from pipelines.bot.updates import HeldUpdate
from pipelines.errors import ShardlineError, TransientError
from pipelines.etl_db import etl_db_errors
from pipelines.operations import (
    VERBS,
    UndoneError,
    Wish,
    find_caller,
    find_verb,
    refused,
    split_words,
)

logger = logging.getLogger(__name__)

LATE = 300.0
"""Seconds after which what somebody said is not carried out any more."""

MOST_ATTEMPTS = 10
"""How often an update is begun with while whoever does so dies of it."""


class Answering:
    """Answers updates that a worker holds; for any number of threads."""

    def __init__(self, engine: Engine, dialogue: Dialogue, figures: Figures) -> None:
        """Prepare to answer.

        Args:
            engine: The ETL database.
            dialogue: Who carries out what people wish.
            figures: Where it is counted what was done.
        """
        self._engine, self._dialogue, self._figures = engine, dialogue, figures

    def answer(self, held: HeldUpdate, incoming: Incoming) -> KeptAnswer:
        """Do what an update asks for, and keep the answer by the same commit.

        Raises:
            LostUpdateError: It is another worker's by now; nothing is done.
            ShardlineError: The ETL database cannot be used; nothing is done.
        """
        try:
            return self._answered(held, incoming)
        except (TransientError, UndoneError):
            raise
        except Exception as error:
            # Tried again, it would keep its chat waiting for ever.
            self._figures.count(Event.DEFECT)
            logger.exception("update %d could not be answered", held.number)
            kind = type(error).__name__
            told = texts.DEFECT.format(kind=kind, number=held.number)
            return self.end(held, KeptAnswer(Reply((told,)), incoming.target))

    def why_not(self, held: HeldUpdate, incoming: Incoming) -> str:
        """Why an update is not carried out, whatever it asks for; "" if it is."""
        if incoming.refusal:
            return incoming.refusal
        if held.update.kind == FLOOD:
            return texts.FLOODED.format(seconds=int(WINDOW))
        age = (datetime.now(UTC) - held.update.written).total_seconds()
        if age > LATE:
            return texts.TOO_LATE.format(minutes=int(age / 60))
        if held.attempt > MOST_ATTEMPTS:
            return texts.GIVEN_UP.format(attempts=held.attempt - 1)
        return ""

    def _answered(self, held: HeldUpdate, incoming: Incoming) -> KeptAnswer:
        if incoming.new_chat is not None:
            return self._move(held, incoming.target, incoming.new_chat)
        if why := self.why_not(held, incoming):
            self._figures.count(Event.REFUSED)
            logger.info("update %d is not carried out: %s", held.number, why)
            return self._refuse(held, incoming, why)
        return self._converse(held, incoming)

    def _converse(self, held: HeldUpdate, incoming: Incoming) -> KeptAnswer:
        target = incoming.target

        def in_commit(connection: Connection, reply: Reply) -> None:
            finish(connection, held, KeptAnswer(reply, target).as_json())

        reply = self._dialogue.reply_to(incoming.said, in_commit)
        self._figures.count(Event.ANSWERED)
        return KeptAnswer(reply, target)

    def _refuse(self, held: HeldUpdate, incoming: Incoming, why: str) -> KeptAnswer:
        said = incoming.said
        text = said.text if isinstance(said, Message) else said.data
        verb = _verb_of(text) or held.update.kind
        caller = find_caller(self._engine, said.identity)
        refused(self._engine, Wish(caller, said.place, verb, ""), why)
        return self.end(held, KeptAnswer(Reply((why,)), incoming.target))

    def _move(self, held: HeldUpdate, target: Target, new: int) -> KeptAnswer:
        """Go on where a group is now."""
        answer = KeptAnswer(Reply((texts.MOVED,)), Target(new, None, target.asker))
        with etl_db_errors(UNUSABLE), self._engine.begin() as connection:
            move_places(connection, target.chat, new)
            finish(connection, held, answer.as_json())
        return answer

    def end(self, held: HeldUpdate, answer: KeptAnswer) -> KeptAnswer:
        """Have an update answered without doing anything for it.

        Raises:
            LostUpdateError: It is another worker's by now.
            ShardlineError: The ETL database cannot be used.
        """
        with etl_db_errors(UNUSABLE), self._engine.begin() as connection:
            finish(connection, held, answer.as_json())
        return answer


def _verb_of(text: str) -> str:
    """The verb that a text begins with, which alone is told of what was refused.

    Anything else may be an invitation's code.
    """
    try:
        verb, _ = find_verb(VERBS, split_words(command_of(text)))
    except ShardlineError:
        return ""
    return verb.name
