"""The progress of jobs in chats: a message that is edited, and at the end a new one.

Edits count as messages do, so a chat has but one change at a time and then a pause, of
however many jobs it is told: what people ask for meanwhile is not to wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from pipelines.bot.followed_jobs import (
    FollowedJob,
    Place,
    due_changes,
    forget,
    show_as,
)
from pipelines.bot.job_replies import end_reply, progress_reply
from pipelines.bot.telegram.calls import SendLaterError
from pipelines.bot.telegram.outgoing import Outgoing, Sent
from pipelines.bot.telegram.targets import Target
from pipelines.errors import ShardlineError
from pipelines.jobs import Job, JobError, SqlJobQueue

logger = logging.getLogger(__name__)

FAILED = 30.0
"""Seconds that a chat is left alone after a defect of ours."""


@dataclass(frozen=True)
class Pauses:
    """How long it is waited, in seconds.

    Attributes:
        looks: Between two looks at what has changed.
        private: After a change, in a chat with one person.
        group: In a group, where no more than 20 messages and edits a minute are taken.
    """

    looks: float = 2.0
    private: float = 3.0
    group: float = 10.0


class End(Protocol):
    """Tells when all is to end."""

    @property
    def is_ended(self) -> bool:
        """Whether it is."""

    async def pause(self, seconds: float) -> None:
        """Wait for so long, or for the end."""


async def tell_progress(
    engine: Engine,
    outgoing: Outgoing,
    end: End,
    is_ours: Callable[[], bool],
    pauses: Pauses = Pauses(),
) -> None:
    """Tell how far jobs are that chats follow, and how they end, until told to stop.

    What is being sent then is sent; cancel it to leave even that to the next one.

    Args:
        engine: The ETL database.
        outgoing: Sends.
        end: Tells when to end.
        is_ours: Tells, in a thread, whether it is this process that has to tell: where
            two bots are at work, one of them waits.
        pauses: How long it is waited for what.
    """
    teller = _Teller(engine, outgoing, is_ours, pauses)
    async with asyncio.TaskGroup() as group:
        while not end.is_ended:
            for change in await teller.due():
                group.create_task(teller.tell(change))
            await end.pause(pauses.looks)


def place_of(target: Target, sent: Sent) -> Place | None:
    """Where a reply is that was sent, for `follow`; None if it is nowhere."""
    if not sent.messages:
        return None
    topic = target.topic if sent.chat == target.chat else None
    return Place(sent.chat, topic, target.asker, sent.messages[0])


class _Teller:
    """Tells changes, at most one at a time in a chat."""

    def __init__(
        self,
        engine: Engine,
        outgoing: Outgoing,
        is_ours: Callable[[], bool],
        pauses: Pauses,
    ) -> None:
        self._engine = engine
        self._outgoing = outgoing
        self._is_ours = is_ours
        self._pauses = pauses
        self._queue = SqlJobQueue(engine)
        self._until: dict[int, float] = {}
        self._said = ""

    async def due(self) -> list[FollowedJob]:
        """The changes to tell now; their chats are left alone until they are told."""
        now = time.monotonic()
        self._until = {chat: end for chat, end in self._until.items() if end > now}
        try:
            found = await asyncio.to_thread(self._look, tuple(self._until))
        except ShardlineError as error:
            self._warn(error)
            return []
        self._said = ""
        self._until |= {one.place.chat: math.inf for one in found}
        return found

    async def tell(self, change: FollowedJob) -> None:
        """Show a change, and then leave the chat alone for a while."""
        chat = change.place.chat
        chats = {chat}
        pause = self._pauses.group if chat < 0 else self._pauses.private
        try:
            await self._show(change, chats)
        except SendLaterError as later:
            pause = max(pause, later.seconds)
        except ShardlineError as error:
            self._warn(error)
        except Exception:  # a defect of ours ends neither the bot nor other chats' news
            logger.exception("job %d is not told in chat %d", change.job, chat)
            pause = FAILED
        self._until |= dict.fromkeys(chats, time.monotonic() + pause)

    async def _show(self, change: FollowedJob, chats: set[int]) -> None:
        """Bring the message up to date; if the job is over, tell its end below that.

        Args:
            change: What is told.
            chats: Gets the chat's new number, if it turns out to have one.
        """
        job = await asyncio.to_thread(self._job, change)
        if job is None:
            return
        place: Place | None = change.place
        if not change.is_shown:
            place = await self._edit(change, job, chats)
        if place and change.is_over and job.state.is_over:
            target = Target(place.chat, place.topic, place.asker, place.message)
            await self._outgoing.send(end_reply(job), target)
            place = None
        if place is None:
            await asyncio.to_thread(forget, self._engine, change)

    async def _edit(
        self, change: FollowedJob, job: Job, chats: set[int]
    ) -> Place | None:
        """Show in the message how the job is; None if the chat is closed."""
        old = change.place
        target = Target(old.chat, old.topic, old.asker, pressed=old.message)
        sent = await self._outgoing.send(progress_reply(job), target)
        if place := place_of(target, sent):
            chats.add(place.chat)
            self._until[place.chat] = math.inf  # before another job is found there
            await asyncio.to_thread(show_as, self._engine, change, place)
        return place

    def _look(self, paused: Collection[int]) -> list[FollowedJob]:
        return due_changes(self._engine, paused) if self._is_ours() else []

    def _job(self, change: FollowedJob) -> Job | None:
        """The job as it is now; None if nothing is known of it any more."""
        with suppress(JobError):
            return self._queue.show(change.job)
        return None

    def _warn(self, error: ShardlineError) -> None:
        """Warn, once for as long as it lasts."""
        if str(error) != self._said:
            self._said = str(error)
            logger.warning("the progress of jobs is told later: %s", error)
