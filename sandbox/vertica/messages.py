"""The backend's messages of Vertica's frontend/backend protocol, version 3.

Layouts: the protocol's documentation and vertica-python's reading of it. All
integers are big-endian, strings end with a NUL.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.errors import SqlError
    from sandbox.vertica.types import SqlType


class Column(NamedTuple):
    """One column of a result.

    Args:
        name: Its title.
        type: Its type.
        schema: Where it comes from, if it is a table's column.
        table: The same.
        table_oid: The table's number, 0 for computed columns.
        position: Its place in the table, from 1.
        nullable: Whether it may hold NULL.
    """

    name: str
    type: SqlType
    schema: str = ""
    table: str = ""
    table_oid: int = 0
    position: int = 0
    nullable: bool = True


def text(value: str) -> bytes:
    """A string on the wire; a NUL inside would end it, so it is dropped."""
    return value.replace("\0", "").encode("utf-8", "surrogatepass") + b"\0"


def message(kind: bytes, body: bytes = b"") -> bytes:
    """Frame one message."""
    return kind + struct.pack("!I", len(body) + 4) + body


def authentication(code: int, extra: bytes = b"") -> bytes:
    """Ask for a password by a method, or tell that all is well (0)."""
    return message(b"R", struct.pack("!I", code) + extra)


def parameter_status(name: str, value: str) -> bytes:
    """Tell a setting of the session."""
    return message(b"S", text(name) + text(value))


def load_balance_response(host: str, port: int) -> bytes:
    """Send a client to a node."""
    return message(b"Y", struct.pack("!I", port) + text(host))


def backend_key_data(pid: int, key: int) -> bytes:
    """What a cancel request must name."""
    return message(b"K", struct.pack("!II", pid, key))


def ready_for_query(*, in_transaction: bool) -> bytes:
    """The server waits for the next command."""
    return message(b"Z", b"T" if in_transaction else b"I")


def command_complete(tag: str) -> bytes:
    """A statement succeeded."""
    return message(b"C", text(tag))


def error_response(error: SqlError, *, fatal: bool = False) -> bytes:
    """A statement failed."""
    severity = "FATAL" if fatal else "ROLLBACK" if error.rollback else "ERROR"
    fields = (
        (b"S", severity),
        (b"C", error.sqlstate),
        (b"M", error.message),
        (b"V", str(error.number)),
        (b"R", "execute"),
        (b"F", "sandbox"),
        (b"L", "1"),
    )
    return message(b"E", b"".join(k + text(v) for k, v in fields) + b"\0")


def row_description(columns: Sequence[Column], *, binary: bool) -> bytes:
    """Announce a result's columns, in the form without complex types."""
    body = struct.pack("!H", len(columns))
    if columns:
        body += struct.pack("!I", 0)  # no user-defined types
    for number, column in enumerate(columns, 1):
        body += text(column.name) + struct.pack("!Q", column.table_oid)
        if column.table_oid:
            body += text(column.schema) + text(column.table)
        body += struct.pack(
            "!HBIhHHiH",
            column.position or number,
            0,
            column.type.oid,
            column.type.size,
            column.nullable,
            0,
            column.type.typmod,
            binary,
        )
    return message(b"T", body)


def data_rows(columns: Iterable[list[bytes | None]]) -> bytes:
    """Rows from columns of encoded values."""
    cells = [
        [
            b"\xff\xff\xff\xff"
            if value is None
            else struct.pack("!I", len(value)) + value
            for value in column
        ]
        for column in columns
    ]
    head = struct.pack("!H", len(cells))
    rows = []
    for row in zip(*cells, strict=True):
        body = head + b"".join(row)
        rows.append(b"D" + struct.pack("!I", len(body) + 4) + body)
    return b"".join(rows)


def copy_in_response(columns: int, *, binary: bool) -> bytes:
    """Ask for COPY's data."""
    return message(b"G", struct.pack("!BH", binary, columns) + b"\0\0" * columns)


def parameter_description(types: Sequence[SqlType]) -> bytes:
    """The types of a prepared statement's parameters."""
    body = struct.pack("!H", len(types))
    if types:
        body += struct.pack("!I", 0)
    for kind in types:
        body += struct.pack("!BIiH", 0, kind.oid, kind.typmod, 0)
    return message(b"t", body)


def command_description(tag: str) -> bytes:
    """What a prepared statement is; no rewrite as COPY is offered."""
    return message(b"m", text(tag) + struct.pack("!H", 0) + text(""))


PARSE_COMPLETE = message(b"1")
BIND_COMPLETE = message(b"2")
CLOSE_COMPLETE = message(b"3")
NO_DATA = message(b"n")
EMPTY_QUERY = message(b"I")
END_OF_BATCH = message(b"J")
COPY_DONE = message(b"c")


def verify_files(names: Sequence[str], rejected: str, exceptions: str) -> bytes:
    """Ask a client of COPY LOCAL to look at its files; none means its stdin."""
    body = struct.pack("!H", len(names)) + b"".join(text(n) for n in names)
    return message(b"F", body + text(rejected) + text(exceptions))


def load_file(name: str) -> bytes:
    """Ask a client of COPY LOCAL for one file's data."""
    return message(b"H", text(name))


def write_file(name: str, data: bytes) -> bytes:
    """Have a client of COPY LOCAL write a file."""
    return message(b"O", text(name) + struct.pack("!I", len(data)) + data)
