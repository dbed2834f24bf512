"""One connection to Vertica, for one unit of work."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from typing import Protocol

from vertica_python import errors

from pipelines.config import Warehouse
from pipelines.errors import ShardlineError
from pipelines.network import Address, KeptConnections, first_to_answer
from pipelines.runtime import stopper
from pipelines.warehouse.answers import Kind, Row, check_row, unexpected
from pipelines.warehouse.bounded_driver import (
    ANSWER_OCTETS,
    ASIDE_OCTETS,
    BoundedConnection,
    CopyMessage,
    Limits,
    connect_bounded,
)
from pipelines.warehouse.errors import login_error, warehouse_errors
from pipelines.warehouse.tls import tls_options

NO_TRANSACTION = "no_transaction"
"""What the driver makes of ReadyForQuery's "I"."""

KEPT_OCTETS = 1 << 30
"""Most octets of rows that are kept as they come, or what is made of them."""


Octets = bytes | memoryview


class Readable(Protocol):
    """A stream of octets, as `Connection.copy` reads it."""

    def read(self, size: int, /) -> bytes:
        """More octets, in any number; none at the end."""


class Connection:
    """A session of Vertica's.

    Every method raises our own errors: see `pipelines.warehouse.errors`.

    Attributes:
        server: Which server it is, for people.
        failed: Whether an error ever came over it.
    """

    def __init__(self, raw: BoundedConnection, options: Warehouse, server: str) -> None:
        """Wrap a connection of the driver's."""
        self.server = server
        self.failed = False
        self._raw = raw
        self._options = options

    def query(self, sql: str, *kinds: Kind) -> list[Row]:
        """Run one statement and return all its rows.

        The rows are always read to their end, since the driver reports an error that
        comes after the first row only then, and forgets it otherwise.

        Args:
            sql: The statement.
            kinds: What the values of each row have to be; anything if there are none.

        Raises:
            UnexpectedAnswerError: They are something else.
        """
        seconds = self._options.connection_timeout
        limits = Limits("connection_timeout", seconds, ANSWER_OCTETS)
        return list(self._rows(sql, kinds, limits))

    def one_row(self, sql: str, *kinds: Kind) -> Row:
        """Run one statement and return its one row.

        Raises:
            UnexpectedAnswerError: There is none, or another one.
        """
        rows = self.query(sql, *kinds)
        if len(rows) != 1:
            raise unexpected(f"{len(rows)} rows", self.server)
        return rows[0]

    def stream(
        self, sql: str, *kinds: Kind, octets: int | None = KEPT_OCTETS
    ) -> Iterator[Row]:
        """Run one statement and yield its rows as they come, to their end.

        Args:
            sql: The statement.
            kinds: What the values of each row have to be; anything if there are none.
            octets: Most of all rows; None where nobody keeps what was made of them.

        Raises:
            UnexpectedAnswerError: They are something else.
        """
        return self._rows(sql, kinds, self._transfer(octets))

    def copy(self, sql: str, stream: Readable) -> None:
        """Run one ``COPY … FROM STDIN`` over a stream."""
        with self._errors():
            self._raw.limits = self._transfer(None)
            self._raw.cursor().copy(sql, stream)

    def send_rows(self, octets: Octets) -> None:
        """Send octets as one message of the COPY that runs.

        For its stream, which then gives the driver nothing: that would copy all octets
        twice.

        Raises:
            errors.Error: It cannot be sent, and the connection is closed.
        """
        self._raw.write(CopyMessage(octets))

    def _rows(self, sql: str, kinds: Sequence[Kind], limits: Limits) -> Iterator[Row]:
        for row in self._read(sql, limits):
            yield check_row(row, kinds, self.server) if kinds else row

    def _read(self, sql: str, limits: Limits) -> Iterator[Row]:
        with self._errors():
            self._raw.limits = limits
            cursor = self._raw.cursor()
            cursor.execute(sql)
            yield from cursor.iterate()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with warehouse_errors(self.server):
                yield
        except BaseException:
            self.failed = True
            raise

    def _transfer(self, octets: int | None) -> Limits:
        return Limits(
            "transfer_timeout",
            self._options.transfer_timeout,
            ASIDE_OCTETS if octets is None else octets,
            a_message=self._options.connection_timeout,
            counts_rows=octets is not None,
        )

    def commit(self) -> None:
        """Make the transaction's work visible to all.

        A signal to end is heard after it: nobody would know what came of it.
        """
        with stopper().shielded():
            self.query("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction's work."""
        self.query("ROLLBACK")

    def revive(self) -> None:
        """Ask whether it is alive, as patiently as for a login.

        A ROLLBACK changes nothing where there is no transaction, and is answered.
        """
        seconds = self._options.login_timeout
        limits = Limits("login_timeout", seconds, ASIDE_OCTETS)
        deque(self._rows("ROLLBACK", (), limits), maxlen=0)

    def end_transaction(self) -> None:
        """Undo what a transaction has done, if one is open."""
        with self._errors():
            self._raw.cursor().flush_to_query_ready()  # until then nobody knows
        if self._raw.transaction_status != NO_TRANSACTION:
            self.rollback()

    def cancel(self) -> None:
        """Have the server end the statement that runs, if one does. Never raises."""
        with suppress(errors.Error, OSError):
            self._raw.cancel()

    def close(self) -> None:
        """Hang up; what is not committed is gone. Never raises."""
        with suppress(errors.Error, OSError):
            self._raw.close()


@cache
def kept_warehouses() -> KeptConnections[Connection]:
    """Those that this process keeps."""
    return KeptConnections()


@contextmanager
def connect_warehouse(
    options: Warehouse, *, keep: bool = False
) -> Iterator[Connection]:
    """A connection that is closed at the end; an error rolls it back first.

    An interrupt cancels the statement that runs: in mid-COPY the server would wait for
    more rows, and nobody would read the answer to a ROLLBACK.

    Args:
        options: Where Vertica is.
        keep: Whether the session may be one that was kept, and is kept at the end for
            who asks next, unless an error came. So nothing may be left in it: no
            setting, and no temporary table.

    Raises:
        TransientError: Vertica cannot be reached now.
        PermanentError: Vertica refuses the login.
    """
    connection = (keep and _kept(options)) or log_in_warehouse(options)
    try:
        yield connection
        if keep and not connection.failed:
            connection.end_transaction()
    except Exception:
        with suppress(ShardlineError):
            connection.rollback()
        connection.close()
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            connection.cancel()
        connection.close()
        raise
    if keep and not connection.failed:
        kept_warehouses().keep(options, connection)
    else:
        connection.close()


def _kept(options: Warehouse) -> Connection | None:
    """One that was kept, and is alive."""
    while connection := kept_warehouses().take(options):
        try:
            connection.revive()
        except ShardlineError:
            connection.close()
        else:
            return connection
    return None


def log_in_warehouse(
    options: Warehouse, *, autocommit: bool = False, binary: bool = False
) -> Connection:
    """A connection that the caller closes.

    Args:
        options: Where Vertica is, and how long to wait for it: `login_timeout` (s) to
            be let in at each address, `connection_timeout` (s) for each answer after
            that, `transfer_timeout` (s) for a read of many rows or a COPY.
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
        raw = connect_bounded(
            host=at.ip,
            port=at.port,
            user=options.user,
            password=options.password.get_secret_value(),
            database=options.database,
            autocommit=autocommit,
            binary_transfer=binary,
            session_label="shardline",
            login_timeout=options.login_timeout,
            # Otherwise whoever answers could ask for any file that we can read.
            disable_copy_local=True,
            **tls,
        )
    except Exception as error:  # noqa: BLE001 - see `login_error`
        raise login_error(error, options, at) from None
    # Otherwise a COPY's last segment waits about 40 ms for the acknowledgement of the
    # one before.
    raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(raw, options, str(at))
