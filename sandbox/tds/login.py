"""PRELOGIN and LOGIN7: what a client says before its first statement.

Layouts: [MS-TDS] 2.2.6.4 and 2.2.6.5.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from sandbox.tds.packets import ProtocolError

_OPTION = struct.Struct(">BHH")
_TERMINATOR = 0xFF
_SERVER_VERSION = bytes([15, 0, 0x10, 0x80, 0, 0])  # 15.0.4224, SQL Server 2019

_FIXED = struct.Struct("<IIIIIIBBBBiI")
_FIXED_LENGTH = 36
_EXTENSION_USED = 0x10
_ODBC_DEFAULTS = 0x02
_SMALLEST_LOGIN = 86


class PreloginOption(IntEnum):
    """Tokens of the PRELOGIN message."""

    VERSION = 0
    ENCRYPTION = 1
    INSTANCE = 2
    THREAD_ID = 3
    MARS = 4


class Encryption(IntEnum):
    """Values of the ENCRYPTION option."""

    OFF = 0
    ON = 1
    NOT_SUPPORTED = 2
    REQUIRED = 3


@dataclass(frozen=True, slots=True)
class TdsVersion:
    """A protocol version and the widths that depend on it."""

    number: int

    @property
    def has_collations(self) -> bool:
        """Whether text travels with its collation (7.1 on)."""
        return self.number >= TDS_7_1.number & 0xFF000000

    @property
    def has_headers(self) -> bool:
        """Whether requests begin with ALL_HEADERS (7.2 on)."""
        return self.number >= 0x72000000  # noqa: PLR2004 - the version itself

    @property
    def has_date_types(self) -> bool:
        """Whether date, time, datetime2 and datetimeoffset exist (7.3 on)."""
        return self.number >= 0x73000000  # noqa: PLR2004 - the version itself


TDS_7_0 = TdsVersion(0x70000000)
TDS_7_1 = TdsVersion(0x71000001)
TDS_7_4 = TdsVersion(0x74000004)


@dataclass(frozen=True, slots=True)
class Login:
    """A LOGIN7 message, decoded.

    Attributes:
        quoted_identifier: Whether "x" is a name before any SET: clients of ODBC ask
            for it, those of DB-Library do not.
    """

    version: TdsVersion
    packet_size: int
    client_pid: int
    host: str
    user: str
    password: str = field(repr=False)
    application: str
    server: str
    library: str
    language: str
    database: str
    has_extension: bool
    quoted_identifier: bool


def parse_prelogin(payload: bytes) -> dict[int, bytes]:
    """Read the options of a PRELOGIN message.

    Raises:
        ProtocolError: An option that lies outside the message.
    """
    options: dict[int, bytes] = {}
    position = 0
    while True:
        if position >= len(payload):
            raise ProtocolError("PRELOGIN without a terminator")
        if payload[position] == _TERMINATOR:
            return options
        if position + _OPTION.size > len(payload):
            raise ProtocolError("PRELOGIN ends within an option")
        token, start, length = _OPTION.unpack_from(payload, position)
        if start + length > len(payload):
            raise ProtocolError(f"PRELOGIN option {token} lies outside the message")
        options[token] = payload[start : start + length]
        position += _OPTION.size


def wants_tls(options: dict[int, bytes]) -> bool:
    """Whether a client's PRELOGIN asks for more than an encrypted login.

    One that would encrypt its login alone is as content with a server that does not.
    """
    asked = options.get(PreloginOption.ENCRYPTION, b"")
    return asked[:1] in (bytes([Encryption.ON]), bytes([Encryption.REQUIRED]))


def prelogin_reply(*, tls: bool) -> bytes:
    """Answer PRELOGIN: TLS for all or for nothing, no MARS.

    FreeTDS takes a reply without the MARS option for an old server and falls back
    to TDS 7.1.
    """
    encryption = Encryption.ON if tls else Encryption.NOT_SUPPORTED
    values = {
        PreloginOption.VERSION: _SERVER_VERSION,
        PreloginOption.ENCRYPTION: bytes([encryption]),
        PreloginOption.INSTANCE: b"\0",
        PreloginOption.THREAD_ID: b"",
        PreloginOption.MARS: b"\0",
    }
    start = _OPTION.size * len(values) + 1
    head = bytearray()
    for option, value in values.items():
        head += _OPTION.pack(option, start, len(value))
        start += len(value)
    return bytes(head) + bytes([_TERMINATOR]) + b"".join(values.values())


def _decode_password(data: bytes) -> bytes:
    swapped = (b ^ 0xA5 for b in data)
    return bytes((b >> 4 | b << 4) & 0xFF for b in swapped)


def parse_login(payload: bytes) -> Login:
    """Read a LOGIN7 message.

    Raises:
        ProtocolError: A field outside the message, text that is not UTF-16, or a
            version older than 7.0.
    """
    if len(payload) < _SMALLEST_LOGIN:
        raise ProtocolError(f"LOGIN7 of {len(payload)} bytes")
    _, version, packet_size, _, pid, _, _, flags2, _, flags3, _, _ = _FIXED.unpack_from(
        payload
    )
    if version < TDS_7_0.number:
        raise ProtocolError(f"TDS version {version:#x}")

    def raw(offset: int) -> bytes:
        start, count = struct.unpack_from("<HH", payload, _FIXED_LENGTH + offset)
        if start + 2 * count > len(payload):
            raise ProtocolError("a LOGIN7 field lies outside the message")
        return payload[start : start + 2 * count]

    def text(data: bytes) -> str:
        try:
            return data.decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise ProtocolError("a LOGIN7 field is not UTF-16") from error

    return Login(
        version=TdsVersion(version),
        packet_size=packet_size,
        client_pid=pid,
        host=text(raw(0)),
        user=text(raw(4)),
        password=text(_decode_password(raw(8))),
        application=text(raw(12)),
        server=text(raw(16)),
        library=text(raw(24)),
        language=text(raw(28)),
        database=text(raw(32)),
        has_extension=bool(flags3 & _EXTENSION_USED),
        quoted_identifier=bool(flags2 & _ODBC_DEFAULTS),
    )
