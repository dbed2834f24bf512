"""Waiting in the loop: for news, for a while, or until all is told to end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

logger = logging.getLogger(__name__)


class Bell:
    """Wakes whoever waits for news, and whoever waits for the end.

    Attributes:
        at_work: Is set while this bot is the one that answers; and at the end.
        ended: Is set when all is told to end.
    """

    def __init__(self) -> None:
        """Nothing is told to end."""
        self.news = asyncio.Event()
        """Is set by the next ring; to be taken before looking for what is new."""
        self.at_work = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def is_ended(self) -> bool:
        """Whether all is told to end."""
        return self.ended.is_set()

    def ring(self) -> None:
        """Wake everybody who waits now."""
        self.news.set()
        if not self.is_ended:
            self.news = asyncio.Event()

    def end(self) -> None:
        """Tell everybody to end."""
        self.ended.set()
        self.at_work.set()
        self.ring()

    async def wait(self, seconds: float, news: asyncio.Event | None = None) -> None:
        """Wait until the bell rings, and so long at most.

        Args:
            seconds: How long.
            news: The `news` of before; those of now if it is None.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for((news or self.news).wait(), seconds)

    async def pause(self, seconds: float) -> None:
        """Wait for so long, whatever is new, but for the end."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self.is_ended and (left := end - loop.time()) > 0:
            await self.wait(left)


class Complaints:
    """Tells each trouble once, until it is over."""

    def __init__(self) -> None:
        """There is none."""
        self._told = ""

    def tell(self, trouble: str) -> None:
        """Warn of a trouble, if that is not the last that was told."""
        if trouble != self._told:
            self._told = trouble
            logger.warning("%s", trouble)

    def is_well(self) -> None:
        """It is over."""
        if self._told:
            self._told = ""
            logger.warning("what was wrong before is over")
