"""How fast Telegram may be written to, and when to leave it alone.

Published limits (https://core.telegram.org/bots/faq): some 30 messages a second over
all chats, one a second in a chat, 20 a minute in a group or channel. Edits count.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from pipelines.alerts.channel import ChannelBusyError
from pipelines.alerts.telegram.api import BotApi, FloodError

BACKOFF_MAX = 60.0
"""Most seconds to leave a server alone that fails again and again."""

SHORT = 1.5
"""Seconds that are waited for a chat that nobody waits for: between two messages."""

MOST_CHATS = 1_000
"""How many chats are known before those are forgotten that nothing is known of."""


class Window:
    """At most so many calls in any stretch of time.

    A bucket of 20 that is refilled at 20 a minute lets 39 through in one minute; this
    lets 20 through. When a call reaches the server, nobody but the server knows: so one
    that is under way takes a place, and goes on taking it for a while when it is over.
    """

    def __init__(self, most: int, seconds: float) -> None:
        """Start with no calls made."""
        self._most = most
        self._seconds = seconds
        self._under_way = 0
        self._ends: deque[float] = deque(maxlen=most)

    def free_at(self, now: float) -> float:
        """When the next call is allowed, at the earliest."""
        places = self._most - self._under_way
        if places <= 0:  # none of them can be over before now
            return now + self._seconds
        full = len(self._ends) >= places
        return self._ends[-places] + self._seconds if full else 0

    def begin(self) -> None:
        """Take a place."""
        self._under_way += 1

    def end(self, now: float) -> None:
        """Count a call that is over: the server saw it before that."""
        self._under_way -= 1
        self._ends.append(now)

    def is_idle(self, now: float) -> bool:
        """Whether it is as if no call had ever been made."""
        is_over = not self._ends or self._ends[-1] + self._seconds <= now
        return is_over and not self._under_way


class Calls:
    """What all who write in a bot's name share: its calls, and what it was asked.

    Attributes:
        lock: Is held by whoever reads or changes anything here.
        held: Until when chats are left alone, since Telegram has asked for that.
    """

    def __init__(self) -> None:
        """Start with none."""
        self.lock = threading.Lock()
        self.held: dict[str, float] = {}
        self._overall = Window(30, 1)
        self._chats: dict[str, list[Window]] = {}

    def windows(self, chat: str, now: float) -> list[Window]:
        """What a call in a chat counts in."""
        if chat not in self._chats:
            if len(self._chats) >= MOST_CHATS:
                self._forget(now)
            a_second = Window(1, 1)
            is_private = chat.isdecimal()
            self._chats[chat] = [a_second] if is_private else [a_second, Window(20, 60)]
        return [self._overall, *self._chats[chat]]

    def _forget(self, now: float) -> None:
        """Forget the chats of which nothing has to be known: anybody may open one."""
        idle = [
            chat
            for chat, windows in self._chats.items()
            if all(window.is_idle(now) for window in windows)
        ]
        for chat in idle:
            del self._chats[chat]
        for chat in [chat for chat, end in self.held.items() if end <= now]:
            del self.held[chat]


class Limits:
    """The limits of one bot, for callers in any thread.

    Who has taken a place calls, and then counts the call.
    """

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
        self._held: dict[str, float] = self._calls.held if calls is None else {}
        self._all_held = 0.0
        self._setbacks = 0

    def beside(self) -> Limits:
        """Those of the same bot in chats that nobody waits for.

        Calls count for both, and what is held here is held there. But what is held
        there is not held here.
        """
        return Limits(self._clock, self._sleep, self._calls, SHORT)

    def is_held(self, chat: str) -> bool:
        """Whether a chat may not be written to within the patience."""
        return self.left(self.free_at(chat)) > self._patience

    def left(self, deadline: float) -> float:
        """Seconds until a deadline; negative after it."""
        return deadline - self._clock()

    def free_at(self, chat: str) -> float:
        """When a chat may be written to, at the earliest."""
        with self._calls.lock:
            return self._free_at(chat, self._clock())

    def take(self, chat: str) -> float:
        """Take a place for a call in a chat, if it may be called now.

        Returns:
            0 if a place is taken; else the seconds after which to try again.
        """
        with self._calls.lock:
            now = self._clock()
            if (left := self._free_at(chat, now) - now) > 0:
                return left
            for window in self._calls.windows(chat, now):
                window.begin()
        return 0

    def wait(self, chat: str, deadline: float) -> None:
        """Take a place for a call in a chat, once it may be called.

        Raises:
            ChannelBusyError: That is not before the deadline; no place is taken.
        """
        while True:
            if self.left(deadline) <= 0:
                raise _too_late(chat, 0)
            if not (left := self.take(chat)):
                return
            if left >= self.left(deadline) or left > self._patience:
                raise _too_late(chat, left)
            self._sleep(left)

    def count(self, chat: str) -> None:
        """Count a call that has been answered, or not in time; its place was taken."""
        with self._calls.lock:
            now = self._clock()
            for window in self._calls.windows(chat, now):
                window.end(now)

    def hold(self, chat: str, seconds: float) -> None:
        """Leave a chat alone, as the server asks to; the others go on."""
        with self._calls.lock:
            self._held[chat] = self._clock() + seconds

    def back_off(self, chat: str) -> float:
        """Leave the server alone that failed: longer each time, and spread at random.

        Args:
            chat: Where it failed.

        Returns:
            For how many seconds.
        """
        with self._calls.lock:
            self._setbacks += 1
            seconds = setback(self._setbacks)
            if self._patience == math.inf:
                self._all_held = self._clock() + seconds
            else:
                self._held[chat] = self._clock() + seconds
        return seconds

    def is_well(self) -> None:
        """The server answers: the next failure is a first one again."""
        with self._calls.lock:
            self._setbacks = 0

    def _free_at(self, chat: str, now: float) -> float:
        windows = self._calls.windows(chat, now)
        free = max(window.free_at(now) for window in windows)
        held = max(self._held.get(chat, 0), self._calls.held.get(chat, 0))
        return max(free, held, self._all_held)


def _too_late(chat: str, seconds: float) -> ChannelBusyError:
    seconds = max(seconds, 1)
    return ChannelBusyError(
        f"its next message may be sent in {seconds:.0f} s, which is too late",
        where=f"telegram chat {chat}",
        retry_after=seconds,
    )


def setback(count: int) -> float:
    """Seconds to leave a server alone that has failed so many times on end."""
    most = min(2.0 ** min(count, 10), BACKOFF_MAX)
    return most * random.uniform(0.5, 1)  # noqa: S311 - spread, not secret


FLOOD_MARGIN = 0.1
"""Seconds that are waited longer than Telegram asks for."""


class Writer:
    """One bot, writing."""

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
