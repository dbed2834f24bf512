"""The driver's connection, with an end to each wait and a bound to each answer.

The driver's own time-out begins anew with each octet, it reads however long a message
says that it is, and it connects again on its own after a loss, if only to say good-bye.
"""

from __future__ import annotations

import io
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from struct import pack, unpack, unpack_from
from typing import Any

import vertica_python
from vertica_python import errors
from vertica_python.datatypes import VerticaType
from vertica_python.vertica import messages
from vertica_python.vertica.column import Column, FormatCode
from vertica_python.vertica.cursor import Cursor
from vertica_python.vertica.messages.message import BackendMessage, FrontendMessage

logger = logging.getLogger(__name__)

MESSAGE_OCTETS = 1 << 20
"""Most octets of a message: an error, a notice, a row that is no table's."""

ROW_OCTETS = 40 << 20
"""Most octets of a table's row: Vertica stores 32 MB of it, and there are lengths."""

ANSWER_OCTETS = 64 << 20
"""Most octets of an answer that is kept whole."""

ASIDE_OCTETS = 2 << 20
"""Most octets of an answer beside its rows, and of a login."""

NUMBER_OCTETS = 2_000
"""Most octets of a value that is neither text nor binary: 1,024 digits at most."""

ESCAPED_OCTETS = 4 * 65_000
"""Most octets of a binary value that comes as text."""

BUFFER_OCTETS = 64 << 10
"""Octets asked of a socket at a time."""

SENT_AT_ONCE = 256 << 10
"""Octets given to a socket at a time."""

_TEXTS = {VerticaType.CHAR, VerticaType.VARCHAR, VerticaType.LONGVARCHAR}
_BINARIES = {VerticaType.BINARY, VerticaType.VARBINARY, VerticaType.LONGVARBINARY}


class LateError(errors.OperationalError):  # type: ignore[misc]
    """What was to be done in some time is not done."""


class TooMuchError(errors.OperationalError):  # type: ignore[misc]
    """The server says more than it may."""


class Limits:
    """How long a question may take, and how much may be answered."""

    def __init__(
        self,
        option: str,
        seconds: float,
        octets: int,
        *,
        a_message: float | None = None,
        counts_rows: bool = True,
    ) -> None:
        """Begin to count.

        Args:
            option: The option of [warehouse] that says how long.
            seconds: For all of it.
            octets: For all messages of the answer.
            a_message: Most seconds for one message, if that is less.
            counts_rows: Whether rows are among those octets.
        """
        self.counts_rows = counts_rows
        self._option = option
        self._seconds = seconds
        self._octets = self._octets_left = octets
        self._a_message = a_message
        self._end = time.monotonic() + seconds
        self._next = self._end
        self.begin_message()

    def begin_message(self) -> None:
        """From now on one message has its time."""
        if self._a_message is not None:
            self._next = min(self._end, time.monotonic() + self._a_message)

    def shorten(self, seconds: float) -> None:
        """Leave no more time than that."""
        self._end = min(self._end, time.monotonic() + seconds)
        self._next = min(self._next, self._end)

    def left(self) -> float:
        """Seconds until the end.

        Raises:
            LateError: There are none.
        """
        left = self._next - time.monotonic()
        if left <= 0:
            raise self.late()
        return left

    def late(self) -> LateError:
        """What is raised at the end."""
        if self._next < self._end:
            return LateError(
                "neither sent nor took a message within connection_timeout,"
                f" {self._a_message:g} seconds"
            )
        return LateError(
            f"was not done within {self._option}, {self._seconds:g} seconds"
        )

    def take(self, octets: int) -> None:
        """Count octets that come.

        Raises:
            TooMuchError: They are too many.
        """
        self._octets_left -= octets
        if self._octets_left < 0:
            raise TooMuchError(f"answers with more than {self._octets:,} octets")


_TELLING = (LateError, TooMuchError, errors.QueryError)
"""What is raised again by whatever else is tried on the connection."""


class CopyMessage(FrontendMessage):  # type: ignore[misc]
    """Octets of a COPY as they are; the driver's message would be a copy of them."""

    def __init__(self, octets: bytes | memoryview) -> None:
        """Keep them until they are sent."""
        self._octets = octets

    def fetch_message(self) -> Iterator[bytes | memoryview]:
        """The message's head, whose length counts itself, and the octets."""
        yield b"d" + pack("!I", len(self._octets) + 4)
        yield self._octets


class BoundedConnection(vertica_python.Connection):  # type: ignore[misc]
    """A connection that is closed for good as soon as a limit is passed.

    Attributes:
        limits: Those of what is being done now; at first those of the login.
    """

    def __init__(self, options: dict[str, object], login_timeout: float) -> None:
        """Log in, within some seconds in all."""
        self.limits = Limits("login_timeout", login_timeout, ASIDE_OCTETS)
        self.complex_types_enabled = False
        self._login_timeout = login_timeout
        self._was_connected = False
        self._closed_by: Exception | None = None
        try:
            super().__init__(options)
        except BaseException:
            self.close_socket()
            raise
        self._cursor = _BoundedCursor(self, self._logger)

    def cursor(self, cursor_type: None = None) -> Cursor:
        """The one cursor; if the connection was closed, what closed it is raised."""
        self._socket()
        return super().cursor(cursor_type)

    def notice_handler(self, notice: messages.NoticeResponse) -> None:
        """Keep a notice out of the way: the driver would warn of it."""
        logger.debug("Vertica: %s", notice.message)

    def cancel(self) -> None:
        """End the statement that runs; its answer has no more time than a login.

        Never raises: the driver cancels while it handles an interrupt.
        """
        self.limits.shorten(self._login_timeout)
        with suppress(errors.Error, OSError):
            super().cancel()

    def create_socket(self, family: int) -> socket.socket:
        """A socket that knows when the login ends, also while TLS begins."""
        link = _Link(family, socket.SOCK_STREAM)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        link.limits = self.limits
        link.settimeout(link.gettimeout())
        return link

    def enable_ssl(
        self, raw_socket: _Link, ssl_context: ssl.SSLContext, force: bool
    ) -> socket.socket:
        """Begin TLS; only "N" says that there is none."""
        try:
            link: socket.socket = super().enable_ssl(raw_socket, ssl_context, force)
        except errors.SSLNotSupported:
            if raw_socket.last == b"N":
                raise
            if not raw_socket.last:
                raise errors.ConnectionError("Connection closed by Vertica") from None
            raise errors.MessageError("Unexpected answer about TLS") from None
        return link

    def write(
        self, message: FrontendMessage, vsocket: socket.socket | None = None
    ) -> None:
        """Send a message, in the time that is left."""
        with self._closing_on_errors():
            link = vsocket or self._socket()
            try:
                for octets in message.fetch_message():
                    self.limits.begin_message()
                    self._send(link, memoryview(octets))
            except (ConnectionError, ssl.SSLError):
                if vsocket is None:
                    self._hear_last_words()
                raise

    def _send(self, link: socket.socket, octets: memoryview) -> None:
        while octets:
            link.settimeout(self.limits.left())
            octets = octets[link.send(octets[:SENT_AT_ONCE]) :]

    def _hear_last_words(self) -> None:
        """Raise the error that the server told before it hung up, if it did.

        Nothing is waited for: what has come is still there, then comes the end.
        """
        try:
            while not isinstance(
                message := self._read_any_message(), messages.ErrorResponse
            ):
                pass
        except (errors.Error, OSError):
            return
        raise errors.QueryError.from_error_response(message, "")

    def read_message(self) -> BackendMessage:
        """The next message that is not beside the answer."""
        while True:
            with self._closing_on_errors():
                message = self._read_any_message()
                self.handle_asynchronous_message(message)
            if isinstance(message, messages.ReadyForQuery):
                self.transaction_status = message.transaction_status
            if not self.is_asynchronous_message(message):
                return message

    def read_bytes(self, n: int) -> bytes:
        """So many octets, in the time that is left."""
        octets: bytes = self._socket_as_file().read(n)
        if len(octets) < n:
            raise errors.ConnectionError("Connection closed by Vertica")
        return octets

    def _read_any_message(self) -> BackendMessage:
        self.limits.begin_message()
        kind, size = unpack("!cI", self.read_bytes(5))
        is_row = kind == messages.DataRow.message_id
        if size < 4:  # noqa: PLR2004 - its own length is in it
            raise errors.MessageError(f"a message of {size} octets")
        if size > self._most(is_row=is_row):
            raise TooMuchError(f"announces a message of {size:,} octets")
        if self.limits.counts_rows or not is_row:
            self.limits.take(size)
        body = self.read_bytes(size - 4)
        if is_row:
            return _Row(body)
        if kind == messages.RowDescription.message_id:
            return messages.RowDescription(body, self.complex_types_enabled)
        if kind == messages.WriteFile.message_id:
            raise errors.MessageError("a file to write")
        return BackendMessage.from_type(kind, body)

    def _most(self, *, is_row: bool) -> int:
        """Only a table's values come in binary form, and are long."""
        binary = is_row and self.options["binary_transfer"]
        return ROW_OCTETS if binary else MESSAGE_OCTETS

    @contextmanager
    def _closing_on_errors(self) -> Iterator[None]:
        """Close the connection on any error: nobody knows what comes next on it."""
        try:
            yield
        except Exception as error:
            late = isinstance(error, TimeoutError)
            self._closed_by = self._closed_by or (self.limits.late() if late else error)
            self.close_socket()
            if late:
                raise self._closed_by from None
            if isinstance(error, OSError):
                raise errors.ConnectionError(str(error)) from error
            raise

    def _socket(self) -> socket.socket:
        """The socket, which is connected once only."""
        if self.socket is None and self._was_connected:
            if isinstance(self._closed_by, _TELLING):
                raise self._closed_by
            raise errors.ConnectionError("the connection is closed")
        link: socket.socket = super()._socket()
        self._was_connected = True
        return link

    def _socket_as_file(self) -> io.BufferedReader[_Incoming]:
        if self.socket_as_file is None:
            incoming = io.BufferedReader(_Incoming(self), BUFFER_OCTETS)
            self.socket_as_file: io.BufferedReader[_Incoming] | None = incoming
        return self.socket_as_file


def connect_bounded(*, login_timeout: float, **options: object) -> BoundedConnection:
    """Log in, within some seconds in all; `options` are the driver's."""
    return BoundedConnection(options, login_timeout)


class _Link(socket.socket):
    """A socket whose time-out is what is left: TLS takes it over when it begins."""

    limits: Limits
    last = b""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive, and keep it: what the driver makes of it may be told apart by it."""
        self.last = super().recv(size, flags)
        return self.last

    def gettimeout(self) -> float:
        try:
            return self.limits.left()
        except LateError:
            return 0.001  # not 0, which would be not to wait


class _Incoming(io.RawIOBase):
    """What a server says, as it comes."""

    def __init__(self, connection: BoundedConnection) -> None:
        super().__init__()
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer
        limits = self._connection.limits
        link = self._connection._socket()  # noqa: SLF001 - ours
        link.settimeout(limits.left())
        return link.recv_into(buffer)


class _Row(messages.DataRow):  # type: ignore[misc]
    """A row whose values lie one behind the other: no larger than it says."""

    def __init__(self, data: bytes) -> None:
        (count,) = unpack_from("!H", data)
        self.values: list[bytes | None] = []
        at = 2
        for _ in range(count):
            (size,) = unpack_from("!i", data, at)
            at += 4
            if size < -1:
                raise errors.MessageError(f"a value of {size} octets")
            self.values.append(None if size < 0 else data[at : at + size])
            at += max(size, 0)
        if at != len(data):
            raise errors.MessageError("a row of another length than it says")


class _BoundedCursor(Cursor):  # type: ignore[misc]
    """Makes values of what has their size only: some take long to be made."""

    def format_row_as_array(self, row_data: messages.DataRow) -> list[Any]:
        values = row_data.values
        columns = self.description or ()
        if len(values) != len(columns):
            raise errors.MessageError(f"{len(values)} values in {len(columns)} columns")
        if max(map(len, filter(None, values)), default=0) > NUMBER_OCTETS:
            for column, value in zip(columns, values, strict=True):
                if value and len(value) > _most_octets(column):
                    raise TooMuchError(f"sends a value of {len(value):,} octets")
        row: list[Any] = super().format_row_as_array(row_data)
        return row


def _most_octets(column: Column) -> int:
    if column.type_code in _TEXTS:
        return ROW_OCTETS
    if column.type_code in _BINARIES:
        binary = column.format_code == FormatCode.BINARY
        return ROW_OCTETS if binary else ESCAPED_OCTETS
    return NUMBER_OCTETS
