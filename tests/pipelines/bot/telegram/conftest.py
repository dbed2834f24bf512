"""The address of the bot of the sandbox's Telegram, and who sends by it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TypeVar

import pytest
from pydantic import SecretStr

from pipelines.alerts import Limits
from pipelines.bot import Reply
from pipelines.bot.telegram.client import close_bot, open_bot
from pipelines.bot.telegram.outgoing import SEND_SECONDS, Outgoing, Sent
from pipelines.bot.telegram.targets import Target
from pipelines.config import TelegramAddress
from sandbox.process import SandboxProcess
from sandbox.telegram.control import TelegramControl

T = TypeVar("T")


@pytest.fixture
def address(sandbox: SandboxProcess, telegram: TelegramControl) -> TelegramAddress:
    del telegram  # it is fresh
    host, port = sandbox.addresses.telegram
    token = SecretStr(sandbox.addresses.token)
    return TelegramAddress(token, (), f"http://{host}:{port}")


class SharedClock:
    """The time, which jumps ahead here and at the sandbox where somebody would wait."""

    def __init__(self, telegram: TelegramControl) -> None:
        self.telegram = telegram
        self.waits: list[float] = []

    def __call__(self) -> float:
        return time.monotonic() + sum(self.waits)

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds)

    def pass_by(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.telegram.advance(seconds)


@dataclass
class Courier:
    """Sends replies as the bot does, each in a loop of its own."""

    address: TelegramAddress
    clock: SharedClock
    limits: Limits
    seconds: float = SEND_SECONDS

    def send(self, target: Target, *replies: Reply) -> list[Sent]:
        """Send replies one after the other."""
        return self.use(lambda outgoing: self._send(outgoing, target, replies))

    def use(self, work: Callable[[Outgoing], Coroutine[None, None, T]]) -> T:
        """Do something with one that sends."""

        async def used() -> T:
            bot = open_bot(self.address)
            limits, sleep = self.limits, self.clock.sleep
            try:
                return await work(Outgoing(bot, limits, self.seconds, sleep))
            finally:
                await close_bot(bot)

        return asyncio.run(used())

    @staticmethod
    async def _send(
        outgoing: Outgoing, target: Target, replies: tuple[Reply, ...]
    ) -> list[Sent]:
        return [await outgoing.send(reply, target) for reply in replies]


@pytest.fixture
def clock(telegram: TelegramControl) -> SharedClock:
    return SharedClock(telegram)


@pytest.fixture
def courier(address: TelegramAddress, clock: SharedClock) -> Courier:
    return Courier(address, clock, Limits(clock))
