"""A socket to be read from: so much of it, and so long."""

from __future__ import annotations

import io
import socket
import time
from typing import Any


class LongAnswerError(OSError):
    """An answer is longer than it may be, or may become so."""


class BoundedFile(io.RawIOBase):
    """As a socket's own file, which a socket's time-out bounds octet by octet only.

    Attributes:
        end: When nothing more is waited for, of `time.monotonic`.
        octets: How many may still come.
    """

    def __init__(self, link: socket.socket, end: float, octets: int) -> None:
        """Begin with what comes next."""
        super().__init__()
        self.end = end
        self.octets = octets
        self._link = link
        # Keeps the socket open until this is closed.
        self._file = link.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer
        """Some octets.

        Raises:
            TimeoutError: None came in time.
            LongAnswerError: They are too many.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._link.settimeout(left)
        octets = self._file.readinto(buffer) or 0
        self.octets -= octets
        if self.octets < 0:
            raise LongAnswerError("its answer is too long")
        return octets

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
        super().close()
