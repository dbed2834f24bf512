"""The messages of COPY: FROM STDIN, and FROM LOCAL with the client's files.

An error found early is told late: clients look for it only when they have sent all
their data, so that is read, and dropped, first.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.vertica import messages
from sandbox.vertica.messages import Column
from sandbox.vertica.types import INT, SqlType

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.vertica.copy import CopyLoad
    from sandbox.vertica.executor import Executor
    from sandbox.vertica.wire import Wire

_LOADED = Column("Rows Loaded", SqlType(INT))


class CopyDialogue:
    """One COPY between a client and its session.

    Args:
        wire: The client.
        executor: Its session.
        check: Raises when the statement was cancelled.
    """

    def __init__(
        self, wire: Wire, executor: Executor, check: Callable[[], None]
    ) -> None:
        """Wait for `run`."""
        self._wire = wire
        self._executor = executor
        self._check = check
        self._error: SqlError | None = None

    def run(self, text: str) -> bytes:
        """Run a COPY statement.

        Returns:
            What to answer when it has succeeded.

        Raises:
            SqlError: It failed, and is undone.
        """
        load = self._executor.copy(text)
        try:
            if load.statement.local:
                self._run_local(load)
            else:
                self._run_stdin(load)
            if self._error is not None:
                raise self._error
            self._executor.finish(load)
        except SqlError:
            self._executor.abandon(load)
            raise
        done = messages.command_complete("COPY")
        if not load.statement.local:
            return done
        count = messages.data_rows([[str(load.accepted).encode()]])
        return messages.COPY_DONE + count + done

    def _run_stdin(self, load: CopyLoad) -> None:
        self._ask(load)
        self._receive(load, b"c")
        self._end_stream(load)

    def _run_local(self, load: CopyLoad) -> None:
        statement = load.statement
        self._wire.send(
            messages.row_description([_LOADED], binary=False)
            + messages.verify_files(
                statement.files, statement.rejected_file, statement.exceptions_file
            )
        )
        names = self._verified()
        for place, name in enumerate(names):
            if place:
                load.open_stream()
            self._wire.send(messages.load_file(name))
            self._receive(load, b"j")
            self._end_stream(load)
            last = place == len(names) - 1
            self._wire.send((_refused(load) if last else b"") + messages.END_OF_BATCH)
            if self._error is not None:
                return
        if not names:
            self._ask(load)
            self._receive(load, b"j")
            self._end_stream(load)
            self._wire.send(_refused(load) + messages.END_OF_BATCH)
            self._receive(load, b"c")

    def _ask(self, load: CopyLoad) -> None:
        binary = load.statement.native
        self._wire.send(messages.copy_in_response(len(load.fields), binary=binary))

    def _verified(self) -> list[str]:
        """The files the client found, wildcards expanded."""
        kind, body = self._wire.read_message()
        if kind != b"F":
            raise _client_failure(kind, body)
        (count,) = struct.unpack_from("!H", body)  # 32 bits from protocol 3.15 on
        names, at = [], 2
        for _ in range(count):
            end = body.index(b"\0", at)
            names.append(body[at:end].decode())
            at = end + 1 + 8  # and the file's size
        return names

    def _receive(self, load: CopyLoad, end: bytes) -> None:
        """Feed what the client sends, up to the message that ends it."""
        while True:
            kind, body = self._wire.read_message()
            if kind == end:
                return
            if kind == b"d":
                self._try(lambda data=body: self._feed(load, data))  # type: ignore[misc]
            elif kind not in {b"H", b"S"}:
                raise _client_failure(kind, body)

    def _feed(self, load: CopyLoad, data: bytes) -> None:
        self._check()
        self._executor.feed(load, data)

    def _end_stream(self, load: CopyLoad) -> None:
        self._try(lambda: self._executor.end_stream(load))

    def _try(self, step: Callable[[], None]) -> None:
        """Run a step unless one failed before; keep its error for later."""
        if self._error is None:
            try:
                step()
            except SqlError as failure:
                self._error = failure


def _refused(load: CopyLoad) -> bytes:
    """What the client is to write about refused rows."""
    statement, answer = load.statement, b""
    if not load.rejects:
        return answer
    if statement.return_rejected:
        numbers = [reject.row for reject in load.rejects]
        answer += messages.write_file("", struct.pack(f"<{len(numbers)}Q", *numbers))
    if statement.rejected_file:
        rows = b"".join(reject.data + b"\n" for reject in load.rejects)
        answer += messages.write_file(statement.rejected_file, rows)
    if statement.exceptions_file:
        why = "".join(
            f"COPY: Input record {reject.row} has been rejected ({reject.reason}).\n"
            for reject in load.rejects
        )
        answer += messages.write_file(statement.exceptions_file, why.encode())
    return answer


def _client_failure(kind: bytes, body: bytes) -> SqlError:
    if kind == b"f":
        said = body.rstrip(b"\0").decode("utf-8", "replace")
        return SqlError(
            f"COPY: from stdin failed: {said}", number=2671, sqlstate="57014"
        )
    if kind == b"e":
        said = body.rstrip(b"\0").rpartition(b"\0")[2].decode("utf-8", "replace")
        return SqlError(
            f"COPY: the client failed: {said}", number=2671, sqlstate="57014"
        )
    return SqlError(
        f"Unexpected message {kind.decode('latin-1')!r} during COPY",
        number=4856,
        sqlstate="08P01",
    )
