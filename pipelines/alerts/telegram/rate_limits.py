"""How fast Telegram may be written to, and when to leave it alone.

Published limits (https://core.telegram.org/bots/faq): some 30 messages a second over
all chats, one a second in a chat, 20 a minute in a group or channel. Edits count.
"""

from __future__ import annotations

import math
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from pipelines.alerts.channel import ChannelBusyError
from pipelines.alerts.telegram.api import BotApi, FloodError

BACKOFF_MAX = 60.0
"""Most seconds to leave a server alone that fails again and again."""


SHORT = 1.0
"""Seconds that are waited for a chat that nobody waits for: between two messages."""


class Window:
    """At most so many calls in any stretch of time.

    A bucket of 20 that is refilled at 20 a minute lets 39 through in one minute; this
    lets 20 through.
    """

    def __init__(self, most: int, seconds: float) -> None:
        """Start with no calls made."""
        self._seconds = seconds
        self._ends: deque[float] = deque(maxlen=most)

    @property
    def free_at(self) -> float:
        """When the next call is allowed."""
        full = len(self._ends) == self._ends.maxlen
        return self._ends[0] + self._seconds if full else 0

    def count(self, now: float) -> None:
        """Count a call, when it is over: the server saw it before that."""
        self._ends.append(now)


class Calls:
    """The calls that a bot has made lately, over all chats and in each."""

    def __init__(self) -> None:
        """Start with none."""
        self._overall = Window(30, 1)
        self._chats: dict[str, list[Window]] = {}

    def windows(self, chat: str) -> list[Window]:
        """What a call in a chat counts in."""
        if chat not in self._chats:
            a_second = Window(1, 1)
            is_private = chat.isdecimal()
            self._chats[chat] = [a_second] if is_private else [a_second, Window(20, 60)]
        return [self._overall, *self._chats[chat]]


class Limits:
    """The limits of one bot, for one caller at a time."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        calls: Calls | None = None,
        patience: float = math.inf,
    ) -> None:
        """Start with nothing held.

        Args:
            clock: Tells the time that deadlines are of, in seconds.
            sleep: Lets so many seconds pass.
            calls: What was called until now; nothing if it is None.
            patience: How many seconds are waited for a chat at most. If that is not
                without end, a server that fails in one chat is left alone there only.
        """
        self._clock = clock
        self._sleep = sleep
        self._calls = calls or Calls()
        self._patience = patience
        self._held: dict[str, float] = {}
        self._all_held = 0.0
        self._setbacks = 0

    def beside(self) -> Limits:
        """Those of the same bot in chats that nobody waits for.

        Calls count for both, but what is held there is not held here.
        """
        return Limits(self._clock, self._sleep, self._calls, SHORT)

    def is_held(self, chat: str) -> bool:
        """Whether a chat may not be written to within the patience."""
        return self.left(self.free_at(chat)) > self._patience

    def left(self, deadline: float) -> float:
        """Seconds until a deadline; negative after it."""
        return deadline - self._clock()

    def free_at(self, chat: str) -> float:
        """When a chat may be written to."""
        free = max(window.free_at for window in self._calls.windows(chat))
        return max(free, self._held.get(chat, 0), self._all_held)

    def wait(self, chat: str, deadline: float) -> None:
        """Wait until a chat may be written to.

        Raises:
            ChannelBusyError: That is not before the deadline; nothing was waited for.
        """
        now = self._clock()
        free = max(self.free_at(chat), now)
        if free >= deadline or self.is_held(chat):
            seconds = max(free - now, 1)
            raise ChannelBusyError(
                f"its next message may be sent in {seconds:.0f} s, which is too late",
                where=f"telegram chat {chat}",
                retry_after=seconds,
            )
        if free > now:
            self._sleep(free - now)

    def count(self, chat: str) -> None:
        """Count a call that has been answered, or not in time."""
        now = self._clock()
        for window in self._calls.windows(chat):
            window.count(now)

    def hold(self, chat: str, seconds: float) -> None:
        """Leave a chat alone, as the server asks to; the others go on."""
        self._held[chat] = self._clock() + seconds

    def back_off(self, chat: str) -> float:
        """Leave the server alone that failed: longer each time, and spread at random.

        Args:
            chat: Where it failed.

        Returns:
            For how many seconds.
        """
        self._setbacks += 1
        most = min(2.0**self._setbacks, BACKOFF_MAX)
        seconds = most * random.uniform(0.5, 1)  # noqa: S311 - spread, not secret
        if self._patience == math.inf:
            self._all_held = self._clock() + seconds
        else:
            self._held[chat] = self._clock() + seconds
        return seconds

    def is_well(self) -> None:
        """The server answers: the next failure is a first one again."""
        self._setbacks = 0


FLOOD_MARGIN = 0.1
"""Seconds that are waited longer than Telegram asks for."""


class Writer:
    """One bot, writing; for one caller at a time."""

    def __init__(self, api: BotApi, limits: Limits) -> None:
        """Keep both; nothing is written yet."""
        self._api = api
        self._limits = limits

    def free_at(self, chat: str) -> float:
        """When a chat may be written to."""
        return self._limits.free_at(chat)

    def write(
        self,
        method: str,
        chat: str,
        parameters: dict[str, Any],
        deadline: float,
        document: tuple[str, bytes] | None = None,
    ) -> dict[str, Any]:
        """Call a method that writes, as fast as a configured chat's limits allow.

        Raises:
            ChannelBusyError: There is no time left for it, or it failed.
        """
        while True:
            self._limits.wait(chat, deadline)
            try:
                result = self._api.call(
                    method, parameters, self._limits.left(deadline), document
                )
            except FloodError as error:
                self._limits.hold(chat, error.seconds + FLOOD_MARGIN)
            except ChannelBusyError as error:
                error.retry_after = self._limits.back_off(chat)
                raise
            else:
                self._limits.is_well()
                return result
            finally:
                self._limits.count(chat)
