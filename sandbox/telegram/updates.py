"""What happened that the bot has not confirmed, and the calls that wait for it."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sandbox.telegram.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from sandbox.telegram.clock import Clock

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update that the sandbox makes."""

CONFLICT = (
    "Conflict: terminated by other getUpdates request;"
    " make sure that only one bot instance is running"
)

_KEPT = 24 * 60 * 60  # seconds
_MOST = 100_000
_MOST_OCTETS = 64 << 20
_LARGEST_ANSWER = 4 << 20
_ENVELOPE = 50  # octets that an update counts beside its content
_FORESEEN = 10  # ids; an offset beyond that belongs to another queue
_LOOK = 0.1  # seconds between looks whether who waits is still there


@dataclass(frozen=True)
class _Update:
    id: int
    kind: str
    content: str
    born: float

    @property
    def octets(self) -> int:
        return _ENVELOPE + len(self.content)

    def as_json(self) -> dict[str, Any]:
        return {"update_id": self.id, self.kind: json.loads(self.content)}


class Updates:
    """One bot's updates, numbered without a gap. To be used under its lock.

    Args:
        lock: The bot's; it is released while a call waits.
        clock: Tells which updates are too old.
    """

    def __init__(self, lock: threading.Lock, clock: Clock) -> None:
        """Begin with none."""
        self._changed = threading.Condition(lock)
        self._clock = clock
        # A bot keeps these ids as keys. A sandbox begins later than the one before it
        # ended, as no bot is told an id twice.
        self._next = int(time.time())
        self._kept: deque[_Update] = deque()
        self._octets = 0
        self._allowed: Collection[str] = KINDS
        self._waiting: object = None
        self._news = 0

    def allow(self, kinds: Collection[str]) -> None:
        """Make only updates of these kinds from now on; all, if none is named."""
        self._allowed = kinds or KINDS

    def push(self, kind: str, content: Mapping[str, Any], *, ago: float = 0) -> int:
        """Keep an update until it is confirmed, or a day has passed.

        Args:
            kind: Its field.
            content: What that field holds.
            ago: How many seconds ago it happened.

        Returns:
            Its id; 0 if the bot wants none of that kind.

        Raises:
            ValueError: There are too many already.
        """
        if kind not in self._allowed:
            return 0
        self._drop_old()
        told = json.dumps(content)
        update = _Update(self._next, kind, told, self._clock.now() - ago)
        if len(self._kept) >= _MOST or self._octets + update.octets > _MOST_OCTETS:
            raise ValueError("too many updates wait for a bot that confirms none")
        self._next += 1
        self._kept.append(update)
        self._octets += update.octets
        self._wake()
        return update.id

    def pending(self) -> int:
        """Return how many updates are not confirmed."""
        return sum(1 for _ in self._fresh())

    def clear(self) -> None:
        """Forget all updates, confirmed or not."""
        self._confirm(self._next)

    def reset(self) -> None:
        """Begin again, but for the ids; calls that wait are answered."""
        self.clear()
        self.allow(KINDS)
        self._wake()

    def poll(
        self, offset: int, limit: int, timeout: float, is_gone: Callable[[], bool]
    ) -> list[dict[str, Any]]:
        """Confirm what came before an offset, and return what comes from there on.

        Args:
            offset: The first id to return; below 0 it is counted from the end.
            limit: How many updates to return at most.
            timeout: Seconds to wait while there is none.
            is_gone: Tells whether who waits has gone away.

        Raises:
            ApiError: 409, a later call began to wait.
        """
        first = self._first(offset)
        found = self._take(first, limit)
        if not found and timeout:
            self._wait(timeout, is_gone)
            found = self._take(first, limit)
        return found

    def _first(self, offset: int) -> int:
        head = self._kept[0].id if self._kept else self._next
        if offset < 0:
            return max(head, self._next + offset)
        return head if offset > self._next + _FORESEEN else max(head, offset)

    def _take(self, first: int, limit: int) -> list[dict[str, Any]]:
        self._drop_old()
        self._confirm(first)
        return [update.as_json() for update in self._fitting(limit)]

    def _fitting(self, limit: int) -> Iterator[_Update]:
        left = _LARGEST_ANSWER
        for update in islice(self._fresh(), limit):
            left -= update.octets
            if left <= 0:
                return
            yield update

    def _fresh(self) -> Iterator[_Update]:
        oldest = self._oldest()
        return (update for update in self._kept if update.born > oldest)

    def _wait(self, timeout: float, is_gone: Callable[[], bool]) -> None:
        """Return when there is news, or none to wait for it."""
        mine = self._waiting = object()
        self._changed.notify_all()  # whoever waited before
        before, deadline = self._news, time.monotonic() + timeout
        while self._waiting is mine and self._news == before and not is_gone():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._changed.wait(min(left, _LOOK))
        if self._waiting is not mine:
            raise ApiError(409, CONFLICT)
        self._waiting = None

    def _wake(self) -> None:
        self._news += 1
        self._changed.notify_all()

    def _confirm(self, first: int) -> None:
        while self._kept and self._kept[0].id < first:
            self._octets -= self._kept.popleft().octets

    def _drop_old(self) -> None:
        oldest = self._oldest()
        while self._kept and self._kept[0].born <= oldest:
            self._octets -= self._kept.popleft().octets

    def _oldest(self) -> float:
        return self._clock.now() - _KEPT
