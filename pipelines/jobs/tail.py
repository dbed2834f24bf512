"""The end of what a job writes: bounded, and fit to be shown."""

from __future__ import annotations

import threading

from pipelines.text import mask_secrets, visible

BEYOND = 4 << 10
"""Octets before those that are shown in which a secret is looked for, so that none is
cut into a part that nobody knows."""


class Tail:
    """The last octets of what is added, by any threads."""

    def __init__(self, most: int) -> None:
        """Begin with none.

        Args:
            most: How many octets a text of them has at most.
        """
        self._most = most
        self._octets = b""
        self._lock = threading.Lock()

    def add(self, octets: bytes) -> None:
        """Add what was read."""
        with self._lock:
            self._octets = (self._octets + octets)[-self._most - BEYOND :]

    def text(self) -> str:
        """Whole lines if there are several, without secrets or hidden characters."""
        told = self._octets.decode(errors="replace").replace("\r\n", "\n")
        shown = visible(mask_secrets(told), keep="\n\t").encode()
        if len(shown) <= self._most:
            return shown.decode()
        kept = shown[-self._most :]
        _, has_break, lines = kept.partition(b"\n")
        return (lines if has_break and lines else kept).decode(errors="ignore")
