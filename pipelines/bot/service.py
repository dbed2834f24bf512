"""The bot as a service: everything that runs while it does."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event

import telegram
from telegram.error import EndPointNotFound, TelegramError

from pipelines.alerts import Limits
from pipelines.bot.alert_sender import AlertSender
from pipelines.bot.answering import Answering
from pipelines.bot.dialogue import Dialogue
from pipelines.bot.documents.receiving import Documents
from pipelines.bot.figures import Figures
from pipelines.bot.monitoring.loop_lag import LoopLag
from pipelines.bot.monitoring.metrics import BotMetrics
from pipelines.bot.polling.poller import Poller, refused_token
from pipelines.bot.polling.stolen_token import record_stolen_token
from pipelines.bot.telegram.bounded_request import TokenRefusedError
from pipelines.bot.telegram.client import close_bot, open_bot
from pipelines.bot.telegram.incoming import Reader
from pipelines.bot.telegram.job_progress import tell_progress
from pipelines.bot.telegram.menus import Menus
from pipelines.bot.telegram.outgoing import Outgoing
from pipelines.bot.waiting import Bell, Complaints
from pipelines.bot.worker import Desk, work
from pipelines.config import Settings, TelegramAddress, current_settings
from pipelines.errors import ConfigurationError, ShardlineError
from pipelines.etl_db import Lease, LeaseLostError, etl_engine, poller_table, prune
from pipelines.operations import ask_elsewhere, here
from pipelines.runtime import ProcessPool, warn

logger = logging.getLogger(__name__)

POLL_SHARE = 0.6
"""Which part of its lease the poller waits for news; it needs the rest to renew it."""

CONNECTING = 5.0
"""Seconds until Telegram is asked again who the bot is."""

TIDYING = 3_600.0
"""Seconds between two times that old rows are deleted."""

LISTENING = 0.5
"""Seconds that a thread waits for the end at a time: it cannot be woken otherwise."""

TURN = 0.001
"""Seconds that a thread may keep Python to itself while others wait for it, the loop
among them. With Python's own 5 ms, four busy threads keep the loop waiting for 200."""

OTHERS = 8
"""Threads beside those of the workers."""


@dataclass(frozen=True)
class Clients:
    """Clients of the Bot API.

    Attributes:
        bot: Which answers.
        asking: Which asks for updates, and has its one connection for that.
    """

    bot: telegram.Bot
    asking: telegram.Bot


def run_bot(settings: Settings, stopped: Event, pool: ProcessPool) -> None:
    """Answer people until told to end; what has begun is finished then.

    Args:
        settings: All options.
        stopped: Is set when all is to end.
        pool: Finds out what takes a while.

    Raises:
        ConfigurationError: There is no telegram connection, or its token is wrong, or
            the figures cannot be served.
        ShardlineError: The ETL database cannot be used at the start; later, that is
            waited for.
    """
    address = settings.connections.telegram
    if address is None:
        raise ConfigurationError(
            "there is no connection 'telegram'",
            step="name it in [connections]: see docs/connections.md",
        )
    sys.setswitchinterval(TURN)
    try:
        asyncio.run(_serve(settings, address, stopped, pool))
    except BaseExceptionGroup as group:
        raise _first(group) from None


async def _serve(
    settings: Settings, address: TelegramAddress, stopped: Event, pool: ProcessPool
) -> None:
    bell = Bell()
    threads = ThreadPoolExecutor(settings.bot.workers + OTHERS, "bot")
    asyncio.get_running_loop().set_default_executor(threads)
    async with asyncio.TaskGroup() as group, _connected(address) as clients:
        group.create_task(_listen(stopped, bell), name="end")
        reader = await _reader(clients.bot, bell)
        if reader:
            service = Service(settings, clients, reader, bell, pool)
            await service.answer_people()


class Service:
    """All that runs while people are answered."""

    def __init__(
        self,
        settings: Settings,
        clients: Clients,
        reader: Reader,
        bell: Bell,
        pool: ProcessPool,
    ) -> None:
        """Put the parts together; none of them runs yet."""
        self._settings, self._clients, self._reader = settings, clients, reader
        self._bell, self._pool = bell, pool
        self._engine = etl_engine(settings.sessions.database)
        self._figures, self._lag = Figures(), LoopLag()
        self._limits = Limits()
        # What an alert has to wait for holds up no answer; calls count for both.
        self._outgoing = Outgoing(clients.bot, self._limits.beside())
        self._lease = Lease(self._engine, poller_table, "bot", settings.bot.lease)
        self._menus = Menus(clients.bot, self._engine)
        folder = settings.bot.documents
        self._documents = Documents(self._engine, folder) if folder else None

    async def answer_people(self) -> None:
        """Run all of them until told to end."""
        options = self._settings.bot
        _forget_what_stays()
        async with self._lag.measured():
            if options.port:
                metrics = (self._engine, self._figures, self._lag, self._pool)
                BotMetrics(*metrics).serve(options.port)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._poller().poll(), name="poller")
                group.create_task(self._tidy(), name="tidying")
                group.create_task(self._tell_progress(), name="progress of jobs")
                group.create_task(self._send_alerts(), name="alerts")
                self._begin_work(group)
            await self._menus.settle()

    def _poller(self) -> Poller:
        return Poller(
            self._clients.asking,
            self._reader,
            self._lease,
            self._figures,
            self._bell,
            int(self._settings.bot.lease * POLL_SHARE),
            partial(record_stolen_token, self._engine, self._settings.catalog),
        )

    async def _tell_progress(self) -> None:
        await tell_progress(self._engine, self._outgoing, self._bell, self._is_at_work)

    def _is_at_work(self) -> bool:
        """Whether this is the bot that asks, and not one that waits."""
        try:
            with self._lease.held():
                return True
        except LeaseLostError:
            return False

    async def _send_alerts(self) -> None:
        """Send the alerts while at work: the limits are those of the token."""
        await self._bell.at_work.wait()
        if self._bell.is_ended:
            return
        sender = AlertSender(self._settings, self._engine, self._limits)
        sender.start()
        await self._bell.ended.wait()
        await asyncio.to_thread(sender.stop)

    def _begin_work(self, group: asyncio.TaskGroup) -> None:
        desk = self._desk()
        me = f"{socket.gethostname()[:200]} {os.getpid()} {secrets.token_hex(8)}"
        for number in range(self._settings.bot.workers):
            group.create_task(work(desk, f"{me} {number}"), name=f"worker {number}")

    def _desk(self) -> Desk:
        engine, bot, options = self._engine, self._clients.bot, self._settings.bot
        dialogue = Dialogue(
            engine,
            current_settings,
            slow=ask_elsewhere(self._pool) if options.processes else here,
            documents=self._documents,
        )
        return Desk(
            engine=engine,
            reader=self._reader,
            answering=Answering(engine, dialogue, self._figures),
            outgoing=self._outgoing,
            bot=bot,
            documents=self._documents,
            menus=self._menus,
            figures=self._figures,
            bell=self._bell,
            complaints=Complaints(),
            lease=options.lease,
        )

    def _delete_what_is_old(self) -> None:
        prune(self._engine, self._settings.sessions.keep)
        if self._documents:
            self._documents.shelf.sweep()

    async def _tidy(self) -> None:
        """Delete what is old; runs do so, too, but there may be none."""
        while not self._bell.is_ended:
            try:
                await asyncio.to_thread(self._delete_what_is_old)
            except (ShardlineError, OSError) as error:
                logger.info("what is old is deleted later: %s", error)
            await self._bell.pause(TIDYING)


def _forget_what_stays() -> None:
    """Have the garbage collector never again look at what was imported.

    No thread runs while it looks for garbage, and at all there is it looks for a tenth
    of a second, every few seconds.
    """
    gc.collect()
    gc.freeze()


async def _listen(stopped: Event, bell: Bell) -> None:
    """End all when this process is told to."""
    while not bell.is_ended:
        if await asyncio.to_thread(stopped.wait, LISTENING):
            bell.end()


@asynccontextmanager
async def _connected(address: TelegramAddress) -> AsyncIterator[Clients]:
    """The bot, and another one of the same that asks for updates only."""
    clients = Clients(open_bot(address), open_bot(address, connections=1))
    try:
        yield clients
    finally:
        await close_bot(clients.asking)
        await close_bot(clients.bot)


async def _reader(bot: telegram.Bot, bell: Bell) -> Reader | None:
    """Who reads for the bot; None if all is told to end before Telegram has said so."""
    complaints = Complaints()
    while not bell.is_ended:
        try:
            me = await bot.get_me()
        except (TokenRefusedError, EndPointNotFound) as error:
            raise refused_token() from error
        except TelegramError as error:
            complaints.tell(f"Telegram cannot be reached: {error}")
            await bell.pause(CONNECTING)
        else:
            warn(f"@{me.username} answers; SIGTERM or Ctrl-C ends it")
            return Reader(me.id, me.username or "")
    return None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group, which are all of what ended the bot."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
