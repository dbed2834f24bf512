"""The time by which updates, links and presses grow old."""

from __future__ import annotations

import time


class Clock:
    """Seconds since 1970, ahead of the real ones by what tests let pass."""

    def __init__(self) -> None:
        """Begin with the real time."""
        self._ahead = 0.0

    def now(self) -> float:
        """Return the time."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass at once, for those who would otherwise wait."""
        self._ahead += seconds
