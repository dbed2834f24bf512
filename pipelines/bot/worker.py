"""Workers of the bot: each answers one update at a time, and sends the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import telegram
from sqlalchemy import Engine

from pipelines.bot import texts
from pipelines.bot.answering import Answering
from pipelines.bot.documents.receiving import Documents
from pipelines.bot.figures import Event, Figures
from pipelines.bot.followed_jobs import UNUSABLE, Place, follow
from pipelines.bot.inbox import LostUpdateError, claim, renew, sent
from pipelines.bot.kept_answers import KeptAnswer, Unsent
from pipelines.bot.messages import Message, Reply
from pipelines.bot.telegram.calls import SendLaterError
from pipelines.bot.telegram.client import download
from pipelines.bot.telegram.documents import fetched
from pipelines.bot.telegram.incoming import Incoming, Reader
from pipelines.bot.telegram.job_progress import place_of
from pipelines.bot.telegram.menus import Menus
from pipelines.bot.telegram.outgoing import Outgoing
from pipelines.bot.telegram.targets import Target
from pipelines.bot.updates import HeldUpdate
from pipelines.bot.waiting import Bell, Complaints
from pipelines.errors import ConfigurationError, ShardlineError, TransientError
from pipelines.etl_db import etl_db_errors
from pipelines.operations import Caller, Identity, IdentityKind, UndoneError

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOK = 1.0
"""Seconds between two looks into the inbox, where no bell rings."""

OLD = 86_400.0
"""Seconds after which an answer that Telegram does not take is given up."""

TROUBLE = 2.0
"""Seconds until the ETL database is tried again."""


@dataclass(frozen=True)
class Desk:
    """What the workers of one bot share.

    Attributes:
        engine: The ETL database.
        reader: Reads updates.
        answering: Answers them.
        outgoing: Sends answers.
        bot: By whom documents are fetched.
        documents: Who takes documents, if they are taken.
        menus: What people are offered.
        figures: Where it is counted what was done.
        bell: Rings when there is something new, and when all is to end.
        complaints: Where troubles are told.
        lease: Seconds that an update is its worker's without a renewal.
    """

    engine: Engine
    reader: Reader
    answering: Answering
    outgoing: Outgoing
    bot: telegram.Bot
    documents: Documents | None
    menus: Menus
    figures: Figures
    bell: Bell
    complaints: Complaints
    lease: float
    unsent: Unsent = field(default_factory=Unsent)
    asides: set[asyncio.Task[None]] = field(default_factory=set)

    def aside(self, doing: Coroutine[None, None, None]) -> None:
        """Do something for which no answer waits."""
        task = asyncio.create_task(doing)
        self.asides.add(task)  # or nobody would have it, and it might go
        task.add_done_callback(self.asides.discard)


async def work(desk: Desk, name: str) -> None:
    """Answer updates while this bot is at work, and until told to end.

    What has begun is finished. No error ends a worker.

    Args:
        desk: What the workers share.
        name: What tells this one from all others, on any machine.
    """
    while True:
        await desk.bell.at_work.wait()
        if desk.bell.is_ended:
            return
        news = desk.bell.news
        try:
            held = await asyncio.to_thread(claim, desk.engine, name, desk.lease)
            if held:
                await _hold(desk, held)
            else:
                await desk.bell.wait(LOOK, news)
            desk.complaints.is_well()
        except LostUpdateError as error:
            logger.warning("update %s is another worker's by now", error)
        except ShardlineError as error:
            desk.complaints.tell(f"updates wait: {error}")
            await desk.bell.pause(TROUBLE)


async def _hold(desk: Desk, held: HeldUpdate) -> None:
    """Answer an update, or send its answer, while it stays ours."""
    _name_task(f"update {held.number}")
    async with _renewed(desk, held):
        try:
            answer = await _answer(desk, held)
            if not await _is_sent(desk, held, answer):
                return
        except (ShardlineError, UndoneError):
            raise
        except Exception:
            # What breaks the bot each time it is tried must not be tried for ever.
            desk.figures.count(Event.DEFECT)
            logger.exception("the answer to update %d cannot be sent", held.number)
            answer = KeptAnswer(None, _chat_of(held))
        await _insist(desk, partial(_end, desk.engine, held))
    desk.bell.ring()
    with suppress(ConfigurationError):  # it is nobody's number
        asker = Identity(IdentityKind.TELEGRAM, str(answer.target.asker))
        await desk.menus.show(Caller(asker, None, None), answer.target.chat)


async def _answer(desk: Desk, held: HeldUpdate) -> KeptAnswer:
    if held.is_answered:
        return _kept(desk, held)
    return await _insist(desk, partial(_answered, desk, held))


async def _insist(desk: Desk, doing: Callable[[], Coroutine[None, None, T]]) -> T:
    """Do something again and again while the ETL database is away, until the end."""
    while True:
        try:
            return await doing()
        except TransientError as error:
            if desk.bell.is_ended:
                raise
            desk.complaints.tell(f"updates wait: {error}")
            await desk.bell.pause(TROUBLE)


async def _end(engine: Engine, held: HeldUpdate) -> None:
    await asyncio.to_thread(sent, engine, held)


async def _answered(desk: Desk, held: HeldUpdate) -> KeptAnswer:
    try:
        incoming = desk.reader.read(held)
    except (ValueError, ConfigurationError) as error:
        logger.warning("update %d: %s", held.number, error)
        told = texts.UNREADABLE if held.update.body else texts.TOO_LARGE
        answer = KeptAnswer(Reply((told,)), _chat_of(held))
        return await asyncio.to_thread(desk.answering.end, held, answer)
    _name_task(f"update {held.number}, {_described(incoming)}")
    if incoming.query is not None:
        # It has arrived for good, whatever becomes of it: the button need not wait.
        desk.aside(desk.outgoing.answer_press(incoming.query))
    said, documents = incoming.said, desk.documents
    is_read = not desk.answering.why_not(held, incoming)
    if is_read and documents and isinstance(said, Message):
        async with fetched(desk.bot, documents, said, download) as whole:
            incoming = replace(incoming, said=whole)
            return await asyncio.to_thread(desk.answering.answer, held, incoming)
    return await asyncio.to_thread(desk.answering.answer, held, incoming)


async def _is_sent(desk: Desk, held: HeldUpdate, answer: KeptAnswer) -> bool:
    """Send an answer; if that is not possible now, leave it to whoever claims it."""
    if answer.reply is None or answer.reply == Reply():
        return True
    if held.is_answered and _age(held) > OLD:
        logger.error("the answer to update %d was never taken", held.number)
        return True
    try:
        where = await desk.outgoing.send(answer.reply, answer.target)
    except SendLaterError as error:
        desk.figures.count(Event.PUT_OFF)
        logger.info("an answer waits for %.0f s: %s", error.seconds, error)
        desk.unsent.put(held.number, answer)
        await asyncio.to_thread(renew, desk.engine, held, max(error.seconds, LOOK))
        return False
    desk.figures.count(Event.SENT)
    place = place_of(answer.target, where)
    if answer.reply.follows is not None and place:
        await _insist(desk, partial(_follow, desk.engine, answer.reply.follows, place))
    return True


async def _follow(engine: Engine, job: int, place: Place) -> None:
    await asyncio.to_thread(_keep_followed, engine, job, place)


def _keep_followed(engine: Engine, job: int, place: Place) -> None:
    with etl_db_errors(UNUSABLE), engine.begin() as connection:
        follow(connection, job, place)


@asynccontextmanager
async def _renewed(desk: Desk, held: HeldUpdate) -> AsyncIterator[None]:
    """Renew the lease of an update while it is worked on, and not after that."""
    is_over = asyncio.Event()
    renewing = asyncio.create_task(_renew(desk, held, is_over))
    try:
        yield
    finally:
        is_over.set()
        await renewing


async def _renew(desk: Desk, held: HeldUpdate, is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(is_over.wait(), desk.lease / 3)
            return
        try:
            if not await asyncio.to_thread(renew, desk.engine, held, desk.lease):
                return  # Nothing of what is done for it can be committed any more.
        except ShardlineError as error:
            desk.complaints.tell(f"updates wait: {error}")


def _kept(desk: Desk, held: HeldUpdate) -> KeptAnswer:
    """What is still to be sent."""
    if known := desk.unsent.take(held.number):
        return known
    lost = KeptAnswer(Reply((texts.LOST_ANSWER,)), _chat_of(held))
    try:
        return KeptAnswer.of_json(held.reply) if held.reply else lost
    except (TypeError, ValueError, KeyError):  # another version of ours has kept it
        logger.warning("the answer to update %d cannot be read", held.number)
        return lost


def _age(held: HeldUpdate) -> float:
    return (datetime.now(UTC) - held.update.written).total_seconds()


def _chat_of(held: HeldUpdate) -> Target:
    chat = int(held.update.chat)
    return Target(chat, None, chat)


def _described(incoming: Incoming) -> str:
    """What is worked on, for whoever wonders why the loop stands still."""
    return f"{type(incoming.said).__name__.lower()} in {incoming.said.place}"


def _name_task(name: str) -> None:
    if task := asyncio.current_task():
        task.set_name(name)
