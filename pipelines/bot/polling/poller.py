"""The poller: what has come is in the inbox before Telegram is told to forget it."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

import telegram
from sqlalchemy import select, update
from telegram.error import Conflict, EndPointNotFound, TelegramError

from pipelines.bot.figures import Event, Figures
from pipelines.bot.inbox import accept
from pipelines.bot.polling.throttle import FLOOD, Throttle, Verdict
from pipelines.bot.telegram.bounded_request import FloodError, TokenRefusedError
from pipelines.bot.telegram.client import server_date
from pipelines.bot.telegram.incoming import KINDS, Arrival, Reader
from pipelines.bot.updates import Update
from pipelines.bot.waiting import Bell, Complaints
from pipelines.errors import ConfigurationError, ShardlineError, TransientError
from pipelines.etl_db import Lease, as_utc, poller_table

logger = logging.getLogger(__name__)

BATCH = 100
"""Most updates that Telegram gives at a time (Bot API, getUpdates)."""

SLACK = 10.0
"""Seconds that an answer may take beyond the poll's own time."""

LEASE_LOOK = 1.0
"""Seconds between two looks at another bot's lease."""

SETBACK_MAX = 30.0
"""Most seconds between two tries to reach a server that fails."""

CONFLICT = 10.0
"""Seconds until Telegram is asked again after it has told of somebody else."""

UP_TO_DATE = timedelta(minutes=1)
"""How long ago all was taken at most for what comes to count as new."""

EPISODE = 600.0
"""After so many seconds without somebody else, the next time is told anew."""


class Poller:
    """Asks Telegram for updates, one bot at a time."""

    def __init__(
        self,
        bot: telegram.Bot,
        reader: Reader,
        lease: Lease,
        figures: Figures,
        bell: Bell,
        seconds: int,
        tell_of_another: Callable[[], None],
    ) -> None:
        """Prepare to ask.

        Args:
            bot: By whom it is asked, and nothing else.
            reader: Reads what comes.
            lease: The right to ask.
            figures: Where it is counted what comes.
            bell: Is rung for it, and tells when to end.
            seconds: How long Telegram waits for news; less than the lease lasts.
            tell_of_another: Has people told that somebody else asks with our token.
        """
        self._bot, self._reader, self._lease = bot, reader, lease
        self._figures, self._bell, self._seconds = figures, bell, seconds
        self._record_another = tell_of_another
        self._complaints = Complaints()
        self._throttle = Throttle()
        self._verdicts: dict[int, Verdict] = {}
        self._polled = datetime.min.replace(tzinfo=UTC)
        self._setbacks = 0
        self._conflict = -math.inf

    async def poll(self) -> None:
        """Take updates until told to end.

        Raises:
            ConfigurationError: The token is wrong.
        """
        offset: int | None = None
        while not self._bell.is_ended:
            try:
                offset = await self._turn(offset)
                self._setbacks = 0
            except (TokenRefusedError, EndPointNotFound) as error:
                raise refused_token() from error
            except Conflict:
                offset = None
                await self._tell_of_another()
            except FloodError as error:
                self._complaints.tell("Telegram asks for patience")
                await self._bell.pause(error.seconds)
            except (TelegramError, ShardlineError) as error:
                offset = None
                self._complaints.tell(f"updates cannot be taken: {error}")
                await self._bell.pause(self._setback())
        try:
            await asyncio.to_thread(self._lease.release)
        except ShardlineError as error:
            logger.info("the lease of the bot ends by itself: %s", error)

    async def _turn(self, offset: int | None) -> int | None:
        """Take what there is; returns what to ask from next, if it is to be told."""
        if not await asyncio.to_thread(self._take_lease):
            self._complaints.tell("another bot is at work; this one waits")
            self._bell.at_work.clear()
            await self._bell.wait(LEASE_LOOK)
            return None
        self._bell.at_work.set()
        asked = datetime.now(UTC)
        batch = await self._batch(offset)
        if batch is None:
            return None
        if batch:
            await asyncio.to_thread(self._accept, batch)
            self._bell.ring()
        if len(batch) < BATCH:
            self._polled = asked
            await asyncio.to_thread(self._note_polled)
        self._complaints.is_well()
        return batch[-1]["update_id"] + 1 if batch else None

    def _take_lease(self) -> bool:
        """Take or renew the right to ask; it passes on how far was taken."""
        if not self._lease.take():
            return False
        with self._lease.held() as connection:
            known = connection.scalars(select(poller_table.c.polled)).one()
        self._polled = max(self._polled, as_utc(known))
        return True

    def _note_polled(self) -> None:
        """Have whoever takes over know that nothing was there before."""
        with self._lease.held() as connection:
            connection.execute(update(poller_table).values(polled=self._polled))

    async def _batch(self, offset: int | None) -> list[dict[str, Any]] | None:
        """What Telegram has; None if all is told to end before it answers."""
        asking = asyncio.create_task(self._ask(offset))
        while not asking.done():
            ended = asyncio.create_task(self._bell.wait(self._seconds + SLACK))
            await asyncio.wait({asking, ended}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            if self._bell.is_ended and not asking.done():
                asking.cancel()  # What it would have told comes again.
                return None
        return asking.result()

    async def _ask(self, offset: int | None) -> list[dict[str, Any]]:
        asked: dict[str, Any] = {
            "timeout": self._patience(),
            "limit": BATCH,
            "allowed_updates": list(KINDS),
        }
        if offset is not None:
            asked["offset"] = offset
        # As it is, in another spelling than PTB's own: one update that PTB cannot read
        # would keep it from reading all that come with it, for ever.
        told: object = await self._bot.do_api_request(
            "getupdates", asked, read_timeout=self._seconds + SLACK
        )
        if not _are_updates(told):
            raise TransientError("that is no Bot API: its updates are none")
        return told

    def _patience(self) -> int:
        """How long news are waited for: not at all before all is taken that was there.

        What is pressed meanwhile would be taken for as old as what was there before.
        """
        is_up_to_date = self._polled > datetime.now(UTC) - UP_TO_DATE
        return self._seconds if is_up_to_date else 0

    def _accept(self, batch: Sequence[dict[str, Any]]) -> None:
        arrival = Arrival(
            now := datetime.now(UTC), server_date(self._bot) or now, self._polled
        )
        self._verdicts = {
            number: verdict
            for raw in batch
            if (verdict := self._verdicts.get(number := raw["update_id"]))
        }
        found = [update for raw in batch if (update := self._arrived(raw, arrival))]
        new = accept(self._lease.engine, found)
        self._figures.count(Event.ACCEPTED, new)

    def _arrived(self, raw: dict[str, Any], arrival: Arrival) -> Update | None:
        try:
            found = self._reader.arrived(raw, arrival)
            person = self._reader.sender_of(raw)
        except (ValueError, OverflowError) as error:
            logger.warning("update %d is passed over: %s", raw["update_id"], error)
            return None
        if found is None or person is None:
            return found
        number = found.update_id
        if number not in self._verdicts:
            moment = found.written.timestamp()
            self._verdicts[number] = self._throttle.judge(person, moment)
        verdict = self._verdicts[number]
        if verdict is Verdict.DROPPED:
            self._figures.count(Event.FLOODED)
            return None
        return replace(found, kind=FLOOD) if verdict is Verdict.TOLD else found

    async def _tell_of_another(self) -> None:
        """Tell that somebody else asks with our token, and ask less."""
        now = asyncio.get_running_loop().time()
        if now > self._conflict + EPISODE:
            await asyncio.to_thread(self._record_another)
        self._conflict = now
        self._complaints.tell("somebody else takes the updates of this bot")
        await self._bell.pause(CONFLICT)

    def _setback(self) -> float:
        self._setbacks += 1
        most = min(2.0**self._setbacks, SETBACK_MAX)
        return most * random.uniform(0.5, 1)  # noqa: S311 - spread, not secret


def _are_updates(told: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(told, list) and all(
        isinstance(one, dict) and type(one.get("update_id")) is int for one in told
    )


def refused_token() -> ConfigurationError:
    """What to raise when Telegram does not take the token."""
    return ConfigurationError(
        "the bot is refused",
        step="correct the token of the telegram connection, as @BotFather shows it",
        where="telegram",
    )
