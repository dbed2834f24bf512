"""smtplib's conversation with a server, with an end and a bound to each reply.

Its own time-out begins anew with each octet, and it reads the lines of a reply however
many there are.
"""

from __future__ import annotations

import io
import smtplib
import ssl
import time
from typing import Any

from pipelines.network import BoundedFile

REPLY_OCTETS = 64 << 10
"""Most octets of a reply, of all its lines."""

SENT_AT_ONCE = 16 << 10
"""Octets given to a socket at a time: TLS would not see the end between two of them."""


class BoundedSmtp(smtplib.SMTP):
    """A conversation that is over after some seconds in all."""

    def __init__(self, seconds: float, **options: Any) -> None:  # noqa: ANN401 - smtplib's
        """Begin to count the time; nothing is connected yet."""
        self._end = time.monotonic() + seconds
        super().__init__(timeout=seconds, **options)

    def getreply(self) -> tuple[int, bytes]:
        """The next reply."""
        if self.file is None and self.sock is not None:
            self._incoming = BoundedFile(self.sock, self._end, REPLY_OCTETS)
            self.file = io.BufferedReader(self._incoming)
        if self.file is not None:
            self._incoming.octets = REPLY_OCTETS
        return super().getreply()

    def send(self, s: Any) -> None:  # noqa: ANN401 - text or octets
        """Send text or octets."""
        octets = s.encode(self.command_encoding) if isinstance(s, str) else s
        for at in range(0, len(octets), SENT_AT_ONCE):
            if self.sock is not None:
                self.sock.settimeout(max(self._end - time.monotonic(), 0.001))
            super().send(octets[at : at + SENT_AT_ONCE])


class _BoundedSmtpSsl(BoundedSmtp, smtplib.SMTP_SSL):
    """The same where TLS comes first."""


def connect_bounded(seconds: float, tls: ssl.SSLContext | None) -> BoundedSmtp:
    """A conversation that is over after some seconds; its caller connects it.

    Args:
        seconds: From now on, for all of it.
        tls: With what to encrypt from the beginning; None if that is not so.
    """
    return _BoundedSmtpSsl(seconds, context=tls) if tls else BoundedSmtp(seconds)
