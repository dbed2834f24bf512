"""One client of the mail server, from its greeting to its end (RFC 5321)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sandbox.certificate import server_context
from sandbox.errors import SqlError
from sandbox.holds import ConnectionKilled
from sandbox.smtp.address import AddressError, read_path
from sandbox.smtp.login import MECHANISMS, LoginError, is_known, read_login
from sandbox.smtp.mailbox import Mail

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from sandbox.smtp.server import SmtpServer

LARGEST_MAIL = 25 << 20

_LONGEST_COMMAND = 2048
_MOST_RECIPIENTS = 100
_BODIES = ("7BIT", "8BITMIME")


class Reply(NamedTuple):
    """One line of an answer: a code and a text, with an enhanced status (RFC 3463)."""

    code: int
    text: str


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A command gets this answer instead of its own."""

    def __init__(self, code: int, text: str) -> None:
        """Keep the answer."""
        super().__init__(f"{code} {text}")
        self.reply = Reply(code, text)


class _HangUp(Exception):  # noqa: N818 - the end, not a fault
    """The connection ends here."""


class Session:
    """Speaks with one client; also what holds are told of it."""

    server = "smtp"
    client_pid = 0

    def __init__(self, client: socket.socket, server: SmtpServer) -> None:
        """Prepare.

        Args:
            client: Its socket.
            server: The mail server.
        """
        self._owner = server
        self._socket = client
        self._lines = self._socket.makefile("rb")
        self._tls = False
        self._user = ""
        self._greeted = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._unicode = False
        self._commands: dict[str, Callable[[str], Reply]] = {
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": lambda _: Reply(250, "2.0.0 OK"),
            "VRFY": lambda _: Reply(252, "2.5.2 Send a mail to find out"),
        }

    @property
    def database(self) -> str:
        """The sender's address: what a rule of a hold may name."""
        return self._sender or ""

    def serve(self) -> None:
        """Speak until the client goes, or is cut off.

        Raises:
            OSError: The connection broke.
        """
        try:
            self._say(Reply(220, "sandbox.localhost ESMTP"))
            while True:
                self._take_command()
        except (_HangUp, ConnectionKilled):
            return
        finally:
            self._lines.close()
            self._socket.close()

    def _take_command(self) -> None:
        word, _, argument = self._read_command().partition(" ")
        try:
            if word.upper() == "EHLO":
                self._ehlo(argument)
            elif word.upper() == "QUIT":
                self._say(Reply(221, "2.0.0 Bye"))
                raise _HangUp
            elif word.upper() in self._commands:
                self._say(self._commands[word.upper()](argument.strip()))
                if word.upper() == "STARTTLS":
                    self._encrypt()
            else:
                self._say(Reply(500, "5.5.2 Command not recognized"))
        except Refused as refused:
            self._say(refused.reply)
        except SqlError as failure:
            code = failure.number if failure.number in range(400, 600) else 451
            self._say(Reply(code, failure.message))

    def _ehlo(self, name: str) -> None:
        self._greet(name)
        offered = [
            *("sandbox.localhost", f"SIZE {LARGEST_MAIL}", "8BITMIME", "SMTPUTF8"),
            *("ENHANCEDSTATUSCODES", "PIPELINING"),
        ]
        if not self._tls:
            offered.append("STARTTLS")
        if self._tls or not self._owner.demands_tls:
            offered.append(f"AUTH {' '.join(MECHANISMS)}")
        self._say(*(Reply(250, one) for one in offered))

    def _helo(self, name: str) -> Reply:
        self._greet(name)
        return Reply(250, "sandbox.localhost")

    def _greet(self, name: str) -> None:
        if not name.strip():
            raise Refused(501, "5.5.4 A name is needed")
        self._greeted = True
        self._forget_mail()

    def _starttls(self, argument: str) -> Reply:
        if argument:
            raise Refused(501, "5.5.4 No argument is allowed")
        if self._tls:
            raise Refused(503, "5.5.1 TLS is active already")
        return Reply(220, "2.0.0 Ready to start TLS")

    def _encrypt(self) -> None:
        # What came in the clear ahead of TLS is dropped (CVE-2011-0411).
        self._lines.close()
        self._socket = server_context().wrap_socket(self._socket, server_side=True)
        self._lines = self._socket.makefile("rb")
        self._tls = True
        self._greeted, self._user = False, ""
        self._forget_mail()

    def _auth(self, argument: str) -> Reply:
        mechanism, _, first = argument.partition(" ")
        self._need_greeting()
        if self._owner.demands_tls and not self._tls:
            raise Refused(538, "5.7.11 Encryption is required for authentication")
        if self._user or self._sender is not None:
            raise Refused(503, "5.5.1 AUTH comes once, and before a mail")
        if mechanism.upper() not in MECHANISMS:
            raise Refused(504, "5.5.4 Unrecognized authentication type")
        try:
            user, password = read_login(mechanism.upper(), first, self._ask)
        except LoginError:
            raise Refused(501, "5.5.2 Malformed authentication data") from None
        if not is_known(self._owner.logins, user, password):
            raise Refused(535, "5.7.8 Authentication credentials invalid")
        self._user = user
        return Reply(235, "2.7.0 Authentication successful")

    def _ask(self, challenge: str) -> str:
        self._say(Reply(334, challenge))
        return self._read_command()

    def _mail(self, argument: str) -> Reply:
        self._need_greeting()
        if self._owner.demands_tls and not self._tls:
            raise Refused(530, "5.7.0 Must issue a STARTTLS command first")
        if self._owner.demands_login and not self._user:
            raise Refused(530, "5.7.0 Authentication required")
        if self._sender is not None:
            raise Refused(503, "5.5.1 A mail is begun already")
        address, parameters = _path("FROM", argument)
        self._unicode = "SMTPUTF8" in parameters
        self._check_address(address)
        _check_parameters(parameters)
        with self._owner.holds.guard(self, f"MAIL FROM:<{address}>"):
            self._sender = address
        return Reply(250, "2.1.0 OK")

    def _rcpt(self, argument: str) -> Reply:
        if self._sender is None:
            raise Refused(503, "5.5.1 MAIL comes first")
        address, parameters = _path("TO", argument)
        if not address:
            raise Refused(501, "5.1.3 A recipient is needed")
        if parameters:
            raise Refused(555, "5.5.4 Parameters not recognized")
        if len(self._recipients) == _MOST_RECIPIENTS:
            raise Refused(452, "4.5.3 Too many recipients")
        self._check_address(address)
        with self._owner.holds.guard(self, f"RCPT TO:<{address}>"):
            self._recipients.append(address)
        return Reply(250, "2.1.5 OK")

    def _data(self, argument: str) -> Reply:
        if argument:
            raise Refused(501, "5.5.4 No argument is allowed")
        if not self._recipients or self._sender is None:
            raise Refused(503, "5.5.1 RCPT comes first")
        self._say(Reply(354, "End with <CRLF>.<CRLF>"))
        data = self._read_data()
        sender, recipients = self._sender, tuple(self._recipients)
        mail = Mail(sender, recipients, data, user=self._user, tls=self._tls)
        try:
            if len(data) > LARGEST_MAIL:
                raise Refused(552, "5.3.4 The mail is too big")
            with self._owner.holds.guard(self, "DATA"):
                self._owner.mailbox.keep(mail)
        finally:
            self._forget_mail()
        return Reply(250, "2.0.0 OK")

    def _rset(self, argument: str) -> Reply:
        if argument:
            raise Refused(501, "5.5.4 No argument is allowed")
        self._forget_mail()
        return Reply(250, "2.0.0 OK")

    def _need_greeting(self) -> None:
        if not self._greeted:
            raise Refused(503, "5.5.1 EHLO comes first")

    def _check_address(self, address: str) -> None:
        if not address.isascii() and not self._unicode:
            raise Refused(553, "5.6.7 A non-ASCII address needs SMTPUTF8")

    def _forget_mail(self) -> None:
        self._sender = None
        self._recipients = []
        self._unicode = False

    def _read_command(self) -> str:
        line = self._lines.readline(_LONGEST_COMMAND)
        if not line.endswith(b"\n"):
            if len(line) == _LONGEST_COMMAND:
                self._say(Reply(500, "5.5.6 Line too long"))
            raise _HangUp
        return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")

    def _read_data(self) -> bytes:
        """Read up to the dot between two CRLF, which alone ends a mail."""
        lines: list[bytes] = []
        size, whole = 0, True
        while line := self._lines.readline():
            if whole and line == b".\r\n":
                return b"".join(lines)
            if whole and line.startswith(b"."):
                line = line[1:]
            whole = line.endswith(b"\r\n")
            size += len(line)
            if size <= LARGEST_MAIL + len(line):  # one line more than is allowed
                lines.append(line)
        raise _HangUp

    def _say(self, *replies: Reply) -> None:
        last = len(replies) - 1
        lines = (
            f"{one.code}{' ' if at == last else '-'}{one.text}\r\n"
            for at, one in enumerate(replies)
        )
        self._socket.sendall("".join(lines).encode())


def _path(word: str, argument: str) -> tuple[str, dict[str, str]]:
    try:
        return read_path(word, argument)
    except AddressError:
        raise Refused(501, "5.1.3 Syntax error in the address") from None


def _check_parameters(parameters: dict[str, str]) -> None:
    size = parameters.get("SIZE", "0")
    if not size.isdecimal():
        raise Refused(501, "5.5.4 SIZE is a number of bytes")
    if int(size) > LARGEST_MAIL:
        raise Refused(552, "5.3.4 The mail is too big")
    if parameters.get("BODY", _BODIES[0]).upper() not in _BODIES:
        raise Refused(501, "5.5.4 BODY is 7BIT or 8BITMIME")
    if set(parameters) - {"SIZE", "BODY", "SMTPUTF8", "AUTH"}:
        raise Refused(555, "5.5.4 Parameters not recognized")
