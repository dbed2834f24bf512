"""Remote procedure calls and transaction requests ([MS-TDS] 2.2.6.6 and 2.2.6.9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from sandbox.tds import commands as c
from sandbox.tds.failures import unsupported
from sandbox.tds.incoming import Incoming, Reader, read_type
from sandbox.tds.values import Typed, constant, null

if TYPE_CHECKING:
    from sandbox.tds.login import TdsVersion

_BY_NUMBER = 0xFFFF
_NAMES = {
    1: "sp_cursor",
    2: "sp_cursoropen",
    3: "sp_cursorprepare",
    4: "sp_cursorexecute",
    5: "sp_cursorprepexec",
    6: "sp_cursorunprepare",
    7: "sp_cursorfetch",
    8: "sp_cursoroption",
    9: "sp_cursorclose",
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    14: "sp_prepexecrpc",
    15: "sp_unprepare",
}
_BEGIN = c.Begin("BEGIN TRANSACTION")
_OUTPUT = 0x01
_DEFAULT = 0x02


@dataclass(frozen=True, slots=True)
class CallArgument:
    """An argument of a call.

    Attributes:
        name: With its @, in lower case; '' for one given by its place.
        value: None asks for the parameter's default.
        output: Whether the client wants the parameter's value back.
        as_sent: The name as the client wrote it.
    """

    name: str
    value: Typed | None
    output: bool = False
    as_sent: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a request."""

    procedure: str
    arguments: tuple[CallArgument, ...]


class TransactionRequest(IntEnum):
    """What a transaction manager request asks for."""

    BEGIN = 5
    COMMIT = 7
    ROLLBACK = 8
    SAVE = 9


def parse_calls(request: bytes, version: TdsVersion) -> list[Call]:
    """The calls of a request.

    Args:
        request: Its payload, after ALL_HEADERS.
        version: Decides what stands between two calls.

    Raises:
        ProtocolError: It is none.
    """
    reader = Reader(request)
    between = 0xFF if version.has_headers else 0x80
    calls = [_call(reader, between, version)]
    while not reader.is_at_end:
        calls.append(_call(reader, between, version))
    return calls


def _call(reader: Reader, between: int, version: TdsVersion) -> Call:
    length = reader.number(2)
    if length == _BY_NUMBER:
        number = reader.number(2)
        procedure = _NAMES.get(number, f"number {number}")
    else:
        procedure = reader.text(length)
    reader.number(2)  # options: recompile, no metadata
    arguments = []
    while not reader.is_at_end:
        units = reader.number(1)
        if units == between:
            break
        arguments.append(_argument(reader, units, version))
    return Call(procedure, tuple(arguments))


def _argument(reader: Reader, units: int, version: TdsVersion) -> CallArgument:
    name = reader.text(units)
    status = reader.number(1)
    sent = read_type(reader, has_collations=version.has_collations)
    value = _typed(sent, reader)
    wanted = None if status & _DEFAULT else value
    return CallArgument(name.lower(), wanted, bool(status & _OUTPUT), name)


def _typed(sent: Incoming, reader: Reader) -> Typed:
    value = sent.read(reader)
    return null(sent.kind) if value is None else constant(value, sent.kind)


def parse_transaction(request: bytes) -> list[c.Statement]:
    """The statements that a transaction manager request stands for.

    Raises:
        ProtocolError: It ends too early.
        SqlError: 50100, it asks for a distributed transaction.
    """
    reader = Reader(request)
    kind = reader.number(2)
    if kind == TransactionRequest.BEGIN:
        return [_BEGIN]
    name = "" if reader.is_at_end else reader.text(reader.number(1) // 2)
    again = [_BEGIN] if not reader.is_at_end and reader.number(1) & 1 else []
    match kind:
        case TransactionRequest.COMMIT:
            return [c.Commit("COMMIT TRANSACTION"), *again]
        case TransactionRequest.ROLLBACK:
            return [c.Rollback("ROLLBACK TRANSACTION", name), *again]
        case TransactionRequest.SAVE:
            return [c.Save("SAVE TRANSACTION", name)]
    raise unsupported(f"transaction manager request {kind}")
