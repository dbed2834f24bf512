"""A reply as it grows: results, messages, and the DONE after each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.tds import tokens
from sandbox.tds.rows import encode_rows
from sandbox.tds.tokens import Command, Status
from sandbox.tds.wire_types import column_metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from sandbox.errors import SqlError
    from sandbox.tds.login import TdsVersion
    from sandbox.tds.packets import PacketStream
    from sandbox.tds.wire_types import OutputColumn


class Reply:
    """The answer to one request.

    Each DONE is held back until it is known whether more follows, for its first bit
    says so.
    """

    def __init__(self, stream: PacketStream, version: TdsVersion, server: str) -> None:
        """Begin with nothing to say."""
        self._stream = stream
        self._version = version
        self._server = server
        self._held: tuple[Status, Command, int] | None = None

    def _write(self, data: bytes) -> None:
        self._release(Status.MORE)
        self._stream.write(data)

    def _release(self, more: Status) -> None:
        if self._held is not None:
            status, command, count = self._held
            self._held = None
            self._stream.write(
                tokens.done(self._version, status | more, command, count)
            )

    def done(self, command: Command = Command.NONE, count: int | None = None) -> None:
        """A statement ended; a count is told unless NOCOUNT hides it."""
        self._release(Status.MORE)
        status = Status.FINAL if count is None else Status.COUNT
        self._held = (status, command, count or 0)

    def failed(self, error: SqlError) -> None:
        """A statement ended in an error."""
        self._write(
            tokens.message(
                self._version,
                number=error.number,
                severity=max(error.severity, 11),
                state=error.state,
                text=error.message,
                server=self._server,
            )
        )
        self._held = (Status.ERROR, Command.NONE, 0)

    def inform(
        self, number: int, text: str, *, severity: int = 0, state: int = 1
    ) -> None:
        """A message that is no error."""
        self._write(
            tokens.message(
                self._version,
                number=number,
                severity=severity,
                state=state,
                text=text,
                server=self._server,
            )
        )

    def environment(self, token: bytes) -> None:
        """An ENVCHANGE token."""
        self._write(token)

    def columns(self, columns: Sequence[OutputColumn]) -> None:
        """The head of a result."""
        self._write(column_metadata(columns, self._version))

    def rows(self, batch: pa.RecordBatch, columns: Sequence[OutputColumn]) -> None:
        """Rows of a result; full packets leave at once."""
        self._stream.write(encode_rows(batch, columns, self._version))

    def cancelled(self) -> bool:
        """Whether the client has sent an attention, or anything, meanwhile."""
        return self._stream.input_waits()

    def end(self) -> None:
        """Send what is left."""
        if self._held is None:
            self.done()
        self._release(Status.FINAL)
        self._stream.end()

    def acknowledge_attention(self) -> None:
        """End with the DONE that answers an attention."""
        self._held = None
        self._stream.write(tokens.done(self._version, Status.ATTENTION))
        self._stream.end()
