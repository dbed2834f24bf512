"""A process that tells the progress of jobs until it is killed."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from pydantic import SecretStr

from pipelines.alerts import Limits
from pipelines.bot.telegram.client import close_bot, open_bot
from pipelines.bot.telegram.job_progress import Pauses, tell_progress
from pipelines.bot.telegram.outgoing import Outgoing
from pipelines.config import TelegramAddress
from pipelines.etl_db import etl_engine

QUICK = Pauses(looks=0.05, private=0, group=0)
"""Pauses for tests, whose chats nobody else writes to."""


class Ending:
    """Tells those who do something in a loop when to end."""

    def __init__(self) -> None:
        self.is_ended = False
        self._ended = asyncio.Event()

    def end(self) -> None:
        self.is_ended = True
        self._ended.set()

    async def pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)


async def tell(database: str, api: str, token: str) -> None:
    """Tell what is due, on and on."""
    engine = etl_engine(SecretStr(database))
    bot = open_bot(TelegramAddress(SecretStr(token), (), api))
    try:
        outgoing = Outgoing(bot, Limits())
        await tell_progress(engine, outgoing, Ending(), lambda: True, QUICK)
    finally:
        await close_bot(bot)


if __name__ == "__main__":
    asyncio.run(tell(*sys.argv[1:]))
