"""How a Vertica session begins: requests before login, the startup packet, passwords.

The startup packet is read by position: the protocol version in it is binary and
holds NULs.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sandbox.certificate import server_context
from sandbox.errors import SqlError
from sandbox.vertica import messages
from sandbox.vertica.credentials import make_credential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.vertica.accounts import Account
    from sandbox.vertica.load_balance import LoadBalancer
    from sandbox.vertica.wire import Wire

SSL_REQUEST = 80877103
LOAD_BALANCE_REQUEST = 80936960
CANCEL_REQUEST = 80877102
PROTOCOL = 3 << 16 | 11
"""The newest version the sandbox speaks: the last before complex types."""

Method = Literal["cleartext", "md5", "sha512"]

_CLEARTEXT, _MD5, _EXPIRED, _SHA512 = 3, 5, 9, 65536 + 512
_VERSION_KEY = b"protocol_version\0"
_PROTOCOL_MAJOR = 3


@dataclass(frozen=True)
class Startup:
    """What a client told of itself.

    Args:
        protocol: The version both sides speak.
        options: The packet's names and values.
    """

    protocol: int
    options: Mapping[str, str]

    @property
    def user(self) -> str:
        """Who logs in."""
        return self.options.get("user", "")

    @property
    def client_pid(self) -> int:
        """The client's process, 0 if it did not tell."""
        told = self.options.get("client_pid", "")
        return int(told) if told.isdecimal() else 0

    @property
    def autocommit(self) -> bool:
        """Whether each statement commits by itself at first."""
        return self.options.get("autocommit", "off") == "on"

    @property
    def binary(self) -> bool:
        """Whether results travel in binary."""
        return self.options.get("binary_data_protocol", "0") == "1"


@dataclass(frozen=True)
class Cancel:
    """A request to cancel another session's statement."""

    pid: int
    key: int


def receive(
    wire: Wire, balancer: LoadBalancer | None = None
) -> Startup | Cancel | None:
    """Read up to the startup packet, going over to TLS or to another node.

    Args:
        wire: The client.
        balancer: Where to send clients that ask; None refuses to.

    Returns:
        The startup packet, a cancel request, or None when the client left.

    Raises:
        SqlError: The client speaks another protocol.
        Disconnected: It asked for TLS and then did not go along.
    """
    try:
        return _receive(wire, balancer)
    except (struct.error, ValueError) as failure:
        raise SqlError(
            f"Malformed startup packet: {failure}", number=4856, sqlstate="08P01"
        ) from failure


def _receive(wire: Wire, balancer: LoadBalancer | None) -> Startup | Cancel | None:
    while (packet := wire.read_packet()) is not None:
        (code,) = struct.unpack_from("!I", packet)
        if code == SSL_REQUEST:
            wire.send(b"S")
            wire.secure(server_context())
        elif code == LOAD_BALANCE_REQUEST:
            node = balancer.choose() if balancer else None
            wire.send(messages.load_balance_response(*node) if node else b"N")
        elif code == CANCEL_REQUEST:
            return Cancel(*struct.unpack_from("!II", packet, 4))
        elif code >> 16 == _PROTOCOL_MAJOR:
            return parse(packet)
        else:
            raise SqlError(
                f"Unsupported frontend protocol {code >> 16}.{code & 0xFFFF}",
                number=4856,
                sqlstate="08P01",
            )
    return None


def parse(packet: bytes) -> Startup:
    """Read a startup packet: the version, then names and values."""
    (protocol,) = struct.unpack_from("!I", packet)
    at, options = 4, {}
    while at < len(packet) and packet[at]:
        if packet.startswith(_VERSION_KEY, at):
            at += len(_VERSION_KEY)
            (protocol,) = struct.unpack_from("!I", packet, at)
            at += 5  # the number and its NUL
            continue
        middle = packet.index(b"\0", at)
        end = packet.index(b"\0", middle + 1)
        options[packet[at:middle].decode()] = packet[middle + 1 : end].decode()
        at = end + 1
    return Startup(min(protocol, PROTOCOL), options)


def authenticate(wire: Wire, account: Account | None, *, cleartext: bool) -> bool:
    """Ask for the password and check it.

    Args:
        wire: The client.
        account: Who it says it is; None asks all the same, and refuses.
        cleartext: Whether to ask for the password itself, not its hash.

    Returns:
        False if the password is right but expired, of which the client was told.

    Raises:
        SqlError: The user is unknown or locked, or the password wrong.
    """
    credential = account.credential if account else None
    known = credential or make_credential("SHA512", "", secrets.token_hex())
    salt = secrets.token_bytes(4)
    if cleartext:
        wire.send(messages.authentication(_CLEARTEXT))
    elif known.hashed_by == "MD5":
        wire.send(messages.authentication(_MD5, salt))
    else:
        extra = salt + struct.pack("!I", len(known.salt)) + known.salt
        wire.send(messages.authentication(_SHA512, extra))
    kind, body = wire.read_message()
    answer = body.rstrip(b"\0")
    is_right = (
        known.accepts(account.name if account else "", answer.decode(errors="replace"))
        if cleartext
        else known.answers(answer, salt)
    )
    if kind != b"p" or credential is None or not is_right:
        raise SqlError("Invalid username or password", number=3781, sqlstate="28000")
    if account is not None and account.locked:
        raise SqlError("The user account is locked", number=4974, sqlstate="28000")
    wire.send(messages.authentication(_EXPIRED if credential.expired else 0))
    return not credential.expired
