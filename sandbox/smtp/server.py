"""A mail server on loopback: it delivers nothing, and keeps what it accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.smtp.mailbox import Mailbox
from sandbox.smtp.session import Session
from sandbox.threaded_server import ThreadedServer

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.control_server import Operation
    from sandbox.holds import Holds


class SmtpServer:
    """Accepts mails from clients of SMTP.

    Attributes:
        holds: Where tests hold MAIL, RCPT and the acceptance of DATA.
        logins: Passwords by user, for those who log in.
        mailbox: What was accepted.
        demands_login: Whether nobody else may send.
        demands_tls: Whether STARTTLS must come before a mail, and before a login.
    """

    def __init__(
        self,
        holds: Holds,
        *,
        logins: Mapping[str, str],
        port: int = 0,
        folder: Path | None = None,
    ) -> None:
        """Prepare; nothing is bound yet.

        Args:
            holds: Where tests hold commands.
            logins: Passwords by user.
            port: The port on loopback, 0 for a free one.
            folder: Where mails are written as files, None for nowhere.
        """
        self.holds = holds
        self.logins = logins
        self.mailbox = Mailbox(folder)
        self.demands_login = False
        self.demands_tls = False
        self._server = ThreadedServer("smtp", self._serve, port=port)

    def start(self) -> tuple[str, int]:
        """Serve, and return the address.

        Raises:
            OSError: The port is taken.
        """
        return self._server.start()

    def stop(self) -> None:
        """Close every connection and stop listening."""
        self._server.stop()

    def operations(self) -> dict[str, Operation]:
        """Return what the control channel can ask for, by name."""
        return {
            "smtp.mails": self._mails,
            "smtp.clear": self.mailbox.clear,
            "smtp.demand": self._demand,
            "smtp.down": self._server.down,
            "smtp.up": self._server.up,
        }

    def _serve(self, client: socket.socket) -> None:
        Session(client, self).serve()

    def _mails(self) -> list[dict[str, Any]]:
        return [mail.as_fields() for mail in self.mailbox.read()]

    def _demand(self, *, login: bool, tls: bool) -> None:
        self.demands_login = login
        self.demands_tls = tls
