"""The tokens of a reply, except rows ([MS-TDS] 2.2.7)."""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.tds.login import TdsVersion

SERVER_PROGRAM = "Microsoft SQL Server"
_PROGRAM_VERSION = bytes([15, 0, 0x10, 0x80])
_SQL_INTERFACE = 1


class Token(IntEnum):
    """First bytes of tokens."""

    RETURN_STATUS = 0x79
    COLUMN_METADATA = 0x81
    ERROR = 0xAA
    INFO = 0xAB
    RETURN_VALUE = 0xAC
    LOGIN_ACK = 0xAD
    FEATURE_EXTENSION_ACK = 0xAE
    ROW = 0xD1
    ROW_WITH_NULLS = 0xD2
    ENVIRONMENT_CHANGE = 0xE3
    DONE = 0xFD
    DONE_PROCEDURE = 0xFE
    DONE_IN_PROCEDURE = 0xFF


class Environment(IntEnum):
    """What an ENVCHANGE token changes."""

    DATABASE = 1
    LANGUAGE = 2
    PACKET_SIZE = 4
    COLLATION = 7
    BEGIN_TRANSACTION = 8
    COMMIT_TRANSACTION = 9
    ROLLBACK_TRANSACTION = 10


class Status(IntFlag):
    """Bits of DONE."""

    FINAL = 0x00
    MORE = 0x01
    ERROR = 0x02
    IN_TRANSACTION = 0x04
    COUNT = 0x10
    ATTENTION = 0x20


class Command(IntEnum):
    """The kind of statement that DONE ends, where a count depends on it."""

    NONE = 0
    SELECT = 0xC1
    INSERT = 0xC3
    DELETE = 0xC4
    UPDATE = 0xC5


def short_text(text: str) -> bytes:
    """B_VARCHAR: a byte of characters, then UTF-16LE. Cut at 255 units."""
    data = text.encode("utf-16-le")[:510]
    return bytes([len(data) // 2]) + data


def long_text(text: str) -> bytes:
    """US_VARCHAR: two bytes of characters, then UTF-16LE. Cut at 4,000 units."""
    data = text.encode("utf-16-le")[:8000]
    return struct.pack("<H", len(data) // 2) + data


def _sized(token: Token, body: bytes) -> bytes:
    return struct.pack("<BH", token, len(body)) + body


def environment_text(kind: Environment, new: str, old: str) -> bytes:
    """ENVCHANGE with text values (database, language, packet size)."""
    return _sized(
        Token.ENVIRONMENT_CHANGE, bytes([kind]) + short_text(new) + short_text(old)
    )


def environment_bytes(kind: Environment, new: bytes, old: bytes) -> bytes:
    """ENVCHANGE with binary values (collation, transaction descriptor)."""
    body = bytes([kind, len(new)]) + new + bytes([len(old)]) + old
    return _sized(Token.ENVIRONMENT_CHANGE, body)


def message(
    version: TdsVersion,
    *,
    number: int,
    severity: int,
    state: int,
    text: str,
    server: str,
    procedure: str = "",
    line: int = 1,
) -> bytes:
    """ERROR, or INFO for a severity of 10 and less, which raises nothing."""
    body = struct.pack("<iBB", number, state, severity)
    body += long_text(text) + short_text(server) + short_text(procedure)
    body += struct.pack("<i" if version.has_headers else "<H", line)
    return _sized(Token.ERROR if severity > 10 else Token.INFO, body)  # noqa: PLR2004 - the protocol's limit


def return_status(status: int) -> bytes:
    """RETURNSTATUS: what a procedure returned."""
    return struct.pack("<Bi", Token.RETURN_STATUS, status)


def login_ack(version: TdsVersion) -> bytes:
    """LOGINACK: the client's own version comes back, big-endian."""
    body = bytes([_SQL_INTERFACE]) + struct.pack(">I", version.number)
    return _sized(Token.LOGIN_ACK, body + short_text(SERVER_PROGRAM) + _PROGRAM_VERSION)


def feature_extension_ack() -> bytes:
    """FEATUREEXTACK that grants nothing."""
    return bytes([Token.FEATURE_EXTENSION_ACK, 0xFF])


def done(
    version: TdsVersion,
    status: Status,
    command: Command = Command.NONE,
    count: int = 0,
    token: Token = Token.DONE,
) -> bytes:
    """DONE, DONEPROC or DONEINPROC; before 7.2 the count is cut to 32 bits."""
    if version.has_headers:
        return struct.pack("<BHHQ", token, status, command, count)
    return struct.pack("<BHHI", token, status, command, count & 0xFFFFFFFF)
