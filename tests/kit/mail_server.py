"""A small SMTP server on loopback, with TLS and logins, and faults on demand."""

from __future__ import annotations

import base64
import socket
import socketserver
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Self

HANG = "hang"
DRIP = "drip"
CLOSE = "close"


@dataclass
class Received:
    sender: str
    recipients: list[str]
    octets: bytes
    encrypted: bool
    user: str

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.octets, policy=default)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class MailServer:
    """A server whose `replies` to single commands a test may replace.

    Their keys are commands, ``RCPT <address>``, CONNECT, LOGIN for the end of an AUTH,
    and BODY for the end of a message.
    """

    replies: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    login: tuple[str, str] | None = None
    mechanisms: str = "PLAIN LOGIN"
    received: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    _Session(outer, self.request).run()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _ClosedError(OSError):
    """The session is over."""


class _Session:
    def __init__(self, server: MailServer, sock: socket.socket) -> None:
        self._server = server
        self._sock = sock
        self._encrypted = False
        self._user = ""
        self._sender = ""
        self._recipients: list[str] = []

    def run(self) -> None:
        if self._server.implicit:
            self._encrypt()
        self._file = self._sock.makefile("rb")
        try:
            self._say("CONNECT", "220 mail.test ESMTP")
            while line := self._file.readline():
                self._obey(line.decode().strip())
        finally:
            self._file.close()
            self._sock.close()

    def _obey(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        self._server.commands.append(line)
        match verb:
            case "EHLO":
                self._say(verb, self._greeting())
            case "STARTTLS":
                self._say(verb, "220 go ahead")
                self._file.close()
                self._encrypt()
                self._file = self._sock.makefile("rb")
            case "AUTH":
                self._authenticate(rest)
            case "MAIL":
                self._sender = rest.partition("<")[2].partition(">")[0]
                self._say(verb, "250 ok")
            case "RCPT":
                self._recipient(rest.partition("<")[2].partition(">")[0])
            case "DATA":
                self._body()
            case "QUIT":
                self._say(verb, "221 bye")
                raise _ClosedError
            case _:
                self._say(verb, "250 ok")

    def _greeting(self) -> str:
        offers = ["mail.test"]
        if self._server.tls and not self._encrypted:
            offers.append("STARTTLS")
        if self._server.login:
            offers.append(f"AUTH {self._server.mechanisms}")
        said = [f"250-{offer}" for offer in offers[:-1]]
        return "\r\n".join([*said, f"250 {offers[-1]}"])

    def _authenticate(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        if "AUTH" in self._server.replies:
            self._say("AUTH", "")
            return
        given = base64.b64decode(initial or self._asked("334 "))
        if mechanism == "PLAIN":
            _, user, password = given.decode().split("\0")
        else:
            user = given.decode()
            password = base64.b64decode(self._asked("334 UGFzcw==")).decode()
        if (user, password) != self._server.login:
            self._say("LOGIN", "535 5.7.8 not the password: " + rest)
            return
        self._user = user
        self._say("LOGIN", "235 ok")

    def _asked(self, prompt: str) -> bytes:
        self._sock.sendall(f"{prompt}\r\n".encode())
        return bytes(self._file.readline().strip())

    def _recipient(self, address: str) -> None:
        reply = self._server.replies.get(f"RCPT {address}", "250 ok")
        if reply.startswith("250"):
            self._recipients.append(address)
        self._say("RCPT", reply)

    def _body(self) -> None:
        self._say("DATA", "354 go ahead")
        lines = []
        while (line := self._file.readline()) != b".\r\n":
            if not line:
                raise _ClosedError
            lines.append(line.removeprefix(b"."))
        received = Received(
            self._sender, self._recipients, b"".join(lines), self._encrypted, self._user
        )
        if self._server.replies.get("BODY", "250")[:3] in ("250", HANG[:3]):
            self._server.received.append(received)
        self._say("BODY", "250 queued")

    def _say(self, at: str, reply: str) -> None:
        reply = self._server.replies.get(at, reply)
        if reply == CLOSE:
            raise _ClosedError
        if reply == HANG:
            self._server.released.wait(60)
            raise _ClosedError
        while reply == DRIP:
            self._sock.sendall(b"250-and so on\r\n")
            if self._server.released.wait(0.05):
                raise _ClosedError
        if reply:
            self._sock.sendall(f"{reply}\r\n".encode())
        if not reply.startswith(("2", "3")) and at == "STARTTLS":
            raise _ClosedError

    def _encrypt(self) -> None:
        assert self._server.tls
        self._sock = self._server.tls.wrap_socket(self._sock, server_side=True)
        self._encrypted = True
