"""How much Telegram takes: of a message, and a second, a chat, a group.

The figures are those of https://core.telegram.org/bots/faq; how Telegram counts is
unpublished, so the windows here are sliding ones, and as strict as the words allow.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass

from sandbox.telegram.errors import too_many_requests

LONGEST_TEXT = 4096  # UTF-16 units, as are all lengths
LONGEST_CAPTION = 1024
LARGEST_PHOTO = 10 << 20
LARGEST_FILE = 50 << 20
LARGEST_DOWNLOAD = 20 << 20

_LONGEST_BAN = 600  # seconds


@dataclass(frozen=True)
class Quota:
    """So many messages in any stretch of so many seconds."""

    count: int
    seconds: float


OVERALL = Quota(30, 1)
PRIVATE = Quota(3, 3)  # one a second, with a short burst
GROUP = Quota(20, 60)


@dataclass
class _Ban:
    until: float
    seconds: int


class Limits:
    """Admits messages and edits. Not thread-safe.

    Attributes:
        pace: How many times faster than Telegram's the quotas refill.
    """

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self.pace = 1.0
        self._ahead = 0.0
        self._sent: defaultdict[str, deque[float]] = defaultdict(deque)
        self._bans: dict[str, _Ban] = {}

    def advance(self, seconds: float) -> None:
        """Let time pass at once, for those who would otherwise wait."""
        self._ahead += seconds

    def admit(self, chat: int) -> None:
        """Count one message or edit in a chat.

        Raises:
            ApiError: 429. Who calls again before `retry_after` has passed is banned
                for twice as long, up to ten minutes.
        """
        now = time.monotonic() + self._ahead
        quotas = {"all": OVERALL, f"chat {chat}": GROUP if chat < 0 else PRIVATE}
        for key, quota in quotas.items():
            self._check(key, quota, now)
        for key in quotas:
            self._sent[key].append(now)

    def _check(self, key: str, quota: Quota, now: float) -> None:
        ban = self._bans.get(key)
        if ban and now < ban.until:
            self._ban(key, min(2 * ban.seconds, _LONGEST_BAN), now)
        self._bans.pop(key, None)
        span = quota.seconds / self.pace
        sent = self._sent[key]
        while sent and sent[0] <= now - span:
            sent.popleft()
        if len(sent) >= quota.count:
            self._ban(key, math.ceil(sent[-quota.count] + span - now), now)

    def _ban(self, key: str, seconds: int, now: float) -> None:
        self._bans[key] = _Ban(now + seconds, seconds)
        raise too_many_requests(seconds)
