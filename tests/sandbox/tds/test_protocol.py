from __future__ import annotations

import datetime as dt
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.tds.like import regular
from sandbox.tds.login import (
    TDS_7_1,
    TDS_7_4,
    parse_login,
    parse_prelogin,
    prelogin_reply,
)
from sandbox.tds.moments import MomentError, fit, parse
from sandbox.tds.packets import (
    ConnectionClosedError,
    PacketStream,
    PacketType,
    ProtocolError,
)
from sandbox.tds.types import DATETIME, DATETIME2

WORDS = st.text(st.characters(codec="utf-16-le"), max_size=40)


def encode_password(password: str) -> bytes:
    """Obfuscate a password as LOGIN7 carries it: swap nibbles, XOR 0xA5."""
    return bytes(
        ((b << 4 | b >> 4) & 0xFF) ^ 0xA5 for b in password.encode("utf-16-le")
    )


def login7(texts: list[str], password: str, pid: int, version: int, size: int) -> bytes:
    """Make a LOGIN7 message; the texts are in the order of its fields."""
    host, user, application, server, library, language, database = texts
    head = struct.pack("<IIIIIIBBBBiI", 0, version, size, 0, pid, 0, 0, 2, 0, 0, 0, 0)
    fields = [host, user, None, application, server, "", library, language, database]
    start = len(head) + 58
    table, data = b"", b""
    for field in fields:
        raw = encode_password(password) if field is None else field.encode("utf-16-le")
        table += struct.pack("<HH", start + len(data), len(raw) // 2)
        data += raw
    return head + table.ljust(58, b"\0") + data


@given(
    st.lists(WORDS, min_size=7, max_size=7),
    WORDS,
    st.integers(0, 2**32 - 1),
    st.sampled_from([TDS_7_1.number, TDS_7_4.number]),
    st.integers(0, 40_000),
)
def test_a_login_is_read_as_it_was_written(
    texts: list[str], password: str, pid: int, version: int, size: int
) -> None:
    login = parse_login(login7(texts, password, pid, version, size))
    assert [
        login.host,
        login.user,
        login.application,
        login.server,
        login.library,
        login.language,
        login.database,
    ] == texts
    assert (login.password, login.client_pid, login.version.number) == (
        password,
        pid,
        version,
    )
    assert login.packet_size == size


def test_the_password_is_not_shown() -> None:
    login = parse_login(login7(["x"] * 7, "a secret", 1, TDS_7_4.number, 4096))
    assert "a secret" not in repr(login)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_login_otherwise_than_as_a_protocol_error(
    data: bytes,
) -> None:
    for parser in (parse_login, parse_prelogin):
        try:
            parser(data)
        except ProtocolError:
            continue


@pytest.mark.parametrize(("tls", "encryption"), [(False, b"\x02"), (True, b"\x01")])
def test_the_prelogin_reply_offers_tls_when_asked_and_never_mars(
    tls: bool, encryption: bytes
) -> None:
    options = parse_prelogin(prelogin_reply(tls=tls))
    assert options[1] == encryption
    assert options[4] == b"\0"
    assert len(options[0]) == 6


@given(
    st.lists(st.binary(max_size=3000), min_size=1, max_size=5),
    st.sampled_from([512, 1000, 4096]),
)
def test_replies_are_cut_into_packets_and_put_together_again(
    pieces: list[bytes], size: int
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = PacketStream(ours)
        stream.packet_size = size
        for piece in pieces:
            stream.write(piece)
        stream.end()
        message = PacketStream(theirs).read()
        assert message.type == PacketType.REPLY
        assert message.payload == b"".join(pieces)


@given(st.integers(1, 5))
def test_the_last_packet_is_never_empty(packets: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = PacketStream(ours)
        stream.packet_size = 512
        stream.write(b"x" * 504 * packets)
        stream.end()
        data = theirs.recv(512 * packets + 1)
        assert len(data) == 512 * packets
        assert data[-512 + 1] == 1  # the end of the message
        assert all(data[512 * n + 1] == 0 for n in range(packets - 1))


def test_a_peer_that_goes_away_in_a_message_is_noticed() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.send(struct.pack(">BBHHBB", 1, 1, 100, 0, 1, 0) + b"short")
        theirs.close()
        with pytest.raises(ConnectionClosedError):
            PacketStream(ours).read()


@given(st.integers(0, 3_652_059 * 864_000_000_000 - 1))
def test_moments_are_read_to_the_tick(ticks: int) -> None:
    day, rest = divmod(ticks, 864_000_000_000)
    seconds, fraction = divmod(rest, 10_000_000)
    date = dt.date.fromordinal(day + 1)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    assert parse(f"{date}T{clock}.{fraction:07d}") == (ticks, 0)
    assert fit(ticks, DATETIME2) == ticks
    if date.year >= 1753 and ticks < 3_652_058 * 864_000_000_000:
        assert abs(fit(ticks, DATETIME) - ticks) <= 16_667


@pytest.mark.parametrize(
    "text", ["2019-02-30", "x", "25:00", "2019-1", "13:00 pm", "2019-01-01T00:60"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(MomentError):
        parse(text)


@pytest.mark.parametrize(
    ("pattern", "escape", "expected"),
    [
        ("a%_", "", "a.*."),
        ("[a-c]x", "", "[a-c]x"),
        ("[^a]", "", "[^a]"),
        ("!%a", "!", "%a"),
        ("[]]", "", r"(?!)\]"),
        ("a[", "", r"a\["),
    ],
)
def test_like_patterns_as_regular_expressions(
    pattern: str, escape: str, expected: str
) -> None:
    assert regular(pattern, escape) == expected
