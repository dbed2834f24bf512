"""A reply as it grows: results, messages, and the DONE after each."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sandbox.tds import tokens
from sandbox.tds.return_values import ReturnValue, return_value
from sandbox.tds.rows import encode_rows
from sandbox.tds.tokens import Command, Status, Token
from sandbox.tds.wire_types import column_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
        self._held: tuple[Token, Status, Command, int] | None = None
        self._procedures: list[str] = []

    def _write(self, data: bytes) -> None:
        self._release(Status.MORE)
        self._stream.write(data)

    def _release(self, more: Status) -> None:
        if self._held is not None:
            token, status, command, count = self._held
            self._held = None
            self._stream.write(
                tokens.done(self._version, status | more, command, count, token)
            )

    def _hold(
        self, status: Status, command: Command = Command.NONE, count: int = 0
    ) -> None:
        self._release(Status.MORE)
        token = Token.DONE_IN_PROCEDURE if self._procedures else Token.DONE
        self._held = (token, status, command, count)

    def done(self, command: Command = Command.NONE, count: int | None = None) -> None:
        """A statement ended; a count is told unless NOCOUNT hides it.

        Inside a procedure only what has rows or a count is told.
        """
        if count is not None:
            self._hold(Status.COUNT, command, count)
        elif not self._procedures or command is Command.SELECT:
            self._hold(Status.FINAL, command)

    @property
    def procedure_name(self) -> str:
        """The procedure that speaks; '' for none."""
        return self._procedures[-1] if self._procedures else ""

    @contextmanager
    def procedure(self, name: str) -> Iterator[None]:
        """What is told inside is told by a procedure."""
        self._procedures.append(name)
        try:
            yield
        finally:
            self._procedures.pop()

    def returned(self, status: int, values: Iterable[ReturnValue] = ()) -> None:
        """A procedure ended: what it returned, and the parameters asked back."""
        self._write(tokens.return_status(status))
        for value in values:
            self._write(return_value(value, self._version))
        self._release(Status.MORE)
        token = Token.DONE_IN_PROCEDURE if self._procedures else Token.DONE_PROCEDURE
        self._held = (token, Status.FINAL, Command.NONE, 0)

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
                procedure=self.procedure_name,
            )
        )
        self._hold(Status.ERROR)

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
                procedure=self.procedure_name,
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
