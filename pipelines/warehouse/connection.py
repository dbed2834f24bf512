"""One connection to Vertica, for one unit of work."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Protocol

import vertica_python
from vertica_python import errors
from vertica_python.vertica.messages import NoticeResponse

from pipelines.config import Warehouse
from pipelines.errors import ShardlineError
from pipelines.runtime import Address, first_to_answer, stopper
from pipelines.warehouse.errors import login_error, warehouse_errors
from pipelines.warehouse.tls import tls_options

logger = logging.getLogger(__name__)

COPY_MESSAGE = 1 << 20
"""Octets asked of a stream at a time; each answer becomes one message."""


class Readable(Protocol):
    """A stream of octets, as `Connection.copy` reads it."""

    def read(self, size: int, /) -> bytes:
        """More octets, in any number; none at the end."""


class Connection:
    """A session of Vertica's.

    Every method raises our own errors: see `pipelines.warehouse.errors`.
    """

    def __init__(self, raw: vertica_python.Connection) -> None:
        """Wrap a connection of the driver's."""
        self._raw = raw

    def query(self, sql: str) -> list[list[object]]:
        """Run one statement and return all its rows.

        The rows are always read to their end, since the driver reports an error that
        comes after the first row only then, and forgets it otherwise.
        """
        return list(self.stream(sql))

    def stream(self, sql: str) -> Iterator[list[object]]:
        """Run one statement and yield its rows as they come, to their end."""
        with warehouse_errors():
            cursor = self._raw.cursor()
            cursor.execute(sql)
            yield from cursor.iterate()

    def copy(self, sql: str, stream: Readable) -> None:
        """Run one ``COPY … FROM STDIN`` over a stream."""
        with warehouse_errors():
            self._raw.cursor().copy(sql, stream, buffer_size=COPY_MESSAGE)

    def commit(self) -> None:
        """Make the transaction's work visible to all.

        A signal to end is heard after it: nobody would know what came of it.
        """
        with stopper().shielded():
            self.query("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction's work."""
        self.query("ROLLBACK")

    def cancel(self) -> None:
        """Have the server end the statement that runs, if one does. Never raises."""
        with suppress(errors.Error, OSError):
            self._raw.cancel()

    def close(self) -> None:
        """Hang up; what is not committed is gone. Never raises."""
        # After a loss the driver connects anew only to say good-bye, and may fail.
        with suppress(errors.Error, OSError):
            self._raw.close()


@contextmanager
def connect_warehouse(options: Warehouse) -> Iterator[Connection]:
    """A connection that is closed at the end; an error rolls it back first.

    An interrupt cancels the statement that runs: in mid-COPY the server would wait for
    more rows, and nobody would read the answer to a ROLLBACK.

    Raises:
        TransientError: Vertica cannot be reached now.
        PermanentError: Vertica refuses the login.
    """
    connection = log_in_warehouse(options)
    try:
        yield connection
    except Exception:
        with suppress(ShardlineError):
            connection.rollback()
        raise
    except KeyboardInterrupt:
        connection.cancel()
        raise
    finally:
        connection.close()


def log_in_warehouse(
    options: Warehouse, *, autocommit: bool = False, binary: bool = False
) -> Connection:
    """A connection that the caller closes.

    Args:
        options: Where Vertica is, and how long to wait for it: `login_timeout` (s) to
            be let in at each address, `connection_timeout` (s) for any one answer after
            that.
        autocommit: Whether each statement is a transaction of its own.
        binary: Whether values come as they are: as text a FLOAT may lose digits.

    Raises:
        TransientError: Vertica cannot be reached now.
        PermanentError: Vertica refuses the login.
    """
    return first_to_answer(
        options.addresses,
        partial(_log_in, autocommit=autocommit, binary=binary),
    )


def _log_in(
    options: Warehouse, at: Address, *, autocommit: bool, binary: bool
) -> Connection:
    tls = tls_options(options, at.host)
    try:
        raw = vertica_python.connect(
            host=at.ip,
            port=at.port,
            user=options.user,
            password=options.password.get_secret_value(),
            database=options.database,
            autocommit=autocommit,
            binary_transfer=binary,
            session_label="shardline",
            connection_timeout=options.login_timeout,
            # Otherwise whoever answers could ask for any file that we can read.
            disable_copy_local=True,
            **tls,
        )
    except Exception as error:  # noqa: BLE001 - see `login_error`
        raise login_error(error, options, at) from None
    _tune(raw, options)
    return Connection(raw)


def _tune(raw: vertica_python.Connection, options: Warehouse) -> None:
    """Set what the driver has no option for on its socket.

    The driver's one time-out serves connecting and every later read alike, so it gets
    the short one, and the socket the long one once it is connected: should the link
    break in mid-COPY, the driver connects again on its own and waits for an answer
    that cannot come, but now for no longer than a login may take. Without TCP_NODELAY
    a COPY's last segment waits about 40 ms for the acknowledgement of the one before.
    """
    raw.notice_handler = _note
    link = raw._socket()  # noqa: SLF001 - the driver offers no other way
    link.settimeout(options.connection_timeout)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _note(notice: NoticeResponse) -> None:
    """Keep a notice of the server's out of the way: the driver would warn of it."""
    logger.debug("Vertica: %s", notice.message)
