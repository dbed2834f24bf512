"""The source's side: log in, use a database, describe a query, read rows both ways."""

from __future__ import annotations

import struct
from contextlib import closing
from datetime import date

from pydantic import SecretStr

from pipelines.catalog import BatchSize, DayRange, Shard, Span, read_catalog
from pipelines.config import CatalogFiles, LoadOptions, Server
from pipelines.load import DayEncoders
from pipelines.network.failover import outages
from pipelines.network.server_memory import refusals, slow_failures
from pipelines.source import (
    compare_columns,
    connect_source,
    count_undated,
    extract_encoded,
    extract_rows,
)
from sandbox.engine import Engine
from tests.fuzz.recording import record
from tests.fuzz.side import ClientSide, Splitter
from tests.kit import tds_server
from tests.kit.project import ORDERS_DDL

SHARD = Shard(name="shop", server="mssql_0", database="shop", time_zone="UTC")
FIRST, LAST = date(2019, 3, 1), date(2019, 3, 31)
HEADER = 8
LAST_PACKET = 0x01
REPLY = 0x04
MOST = 0xFFFF


def packet(body: bytes, *, status: int = LAST_PACKET, size: int | None = None) -> bytes:
    """A packet of a reply, or one that announces another size than it has."""
    length = HEADER + len(body) if size is None else size
    return struct.pack(">BBHHBB", REPLY, status, length, 0, 1, 0) + body


def text(said: str) -> bytes:
    return struct.pack("<H", len(said)) + said.encode("utf-16-le")


def error(number: int, said: str, token: int = 0xAA, severity: int = 16) -> bytes:
    body = struct.pack("<IBB", number, 1, severity) + text(said) + b"\0\0" + bytes(4)
    return bytes([token]) + struct.pack("<H", len(body) & MOST) + body


DONE = b"\xfd" + struct.pack("<HHQ", 0, 0, 0)
MORE = b"\xfd" + struct.pack("<HHQ", 1, 0, 0)


def columns(*types: bytes) -> bytes:
    each = b"".join(bytes(6) + kind + b"\1a\0" for kind in types)
    return b"\x81" + struct.pack("<H", len(types)) + each


BIGINT, BIT, REAL, DATE = b"\x7f", b"\x32", b"\x3b", b"\x28"
NVARCHAR = b"\xe7\x40\x1f" + bytes(5)
NVARCHAR_MAX = b"\xe7\xff\xff" + bytes(5)
DECIMAL = b"\x6a\x11\x26\x00"
DATETIME2 = b"\x2a\x07"
VARIANT = b"\x62" + struct.pack("<I", 8_009)
XML = b"\xf1\0"


class Side(ClientSide):
    patience = 2
    seconds = 8.0
    octets = 400 << 20
    lies = (
        packet(error(50_000, "no") + DONE),
        packet(error(1205, "deadlock") + DONE),
        packet(error(18_456, "\x1b[2J\u202e no") + DONE),
        packet(error(207, "x" * 30_000) + DONE),
        packet(error(5_701, "info", 0xAB, 10) + DONE),
        packet(error(50_000, "no end")[:-9], size=HEADER + 900),
        packet(b"\xaa\xff\xff"),
        packet(error(1, "no") + MORE, status=0),
        packet(MORE),
        packet(DONE),
        packet(columns() + DONE),
        packet(columns(BIGINT) + b"\xd1" + bytes(8) + DONE),
        packet(columns(*[BIGINT] * 4_000) + DONE),
        packet(b"\x81\xff\xff" + DONE),
        packet(b"\x81\xfe\xff" + bytes(200)),
        packet(columns(NVARCHAR) + b"\xd1\x03\0a\0b" + DONE),
        packet(columns(NVARCHAR) + b"\xd1\xfe\xff" + bytes(64) + DONE),
        packet(columns(NVARCHAR) + b"\xd1\x02\0\x00\xd8" + DONE),
        packet(columns(NVARCHAR_MAX) + b"\xd1" + b"\xfe" + b"\xff" * 7 + DONE),
        packet(columns(NVARCHAR_MAX) + b"\xd1" + bytes(8) + b"\xff\xff\xff\x7f"),
        packet(columns(NVARCHAR_MAX) + b"\xd1" + struct.pack("<QI", 1 << 40, 8)),
        packet(columns(DECIMAL) + b"\xd1\x11\x09" + b"\xff" * 16 + DONE),
        packet(columns(b"\x6a\x11\xff\xff") + b"\xd1\xff" + b"\xff" * 255 + DONE),
        packet(columns(DATETIME2) + b"\xd1\x08" + b"\xff" * 8 + DONE),
        packet(columns(b"\x2a\xff") + b"\xd1\x08" + b"\xff" * 8 + DONE),
        packet(columns(DATE) + b"\xd1\x03\xff\xff\xff" + DONE),
        packet(columns(VARIANT) + b"\xd1" + struct.pack("<I", 1 << 31) + DONE),
        packet(columns(XML) + b"\xd1" + b"\xfe" + b"\xff" * 7 + DONE),
        packet(columns(BIT, REAL, BIGINT, DECIMAL) + b"\xd2\xff" + DONE),
        packet(b"\xe3\xff\xff\x04" + b"\xff" * 40),
        packet(b"\xe3\x0b\x00\x04\x05" + "99999".encode("utf-16-le") + b"\0" + DONE),
        packet(b"\xe3\x06\x00\x07\x05" + b"\xff" * 5 + b"\0" + DONE),
        packet(b"\xad\x24\x00\x01\x74\0\0\x04\x0a" + bytes(30) + DONE),
        packet(b"\xae\xff\xff\xff\xff" + bytes(20)),
        packet(b"\xed\xff\xff" + bytes(20)),
        packet(b"\x78" * 400),
        packet(b"", size=HEADER),
        packet(b"", size=0),
        packet(b"", size=HEADER - 1),
        packet(b"", status=0),
        packet(bytes(100), size=MOST),
        b"\0" * 64,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    )

    def record(self) -> list[bytes]:
        with closing(Engine(None)) as engine:
            engine.create_database("mssql_0", SHARD.database)
            server = tds_server.Server(engine)
            try:
                with server.cursor() as cursor:
                    cursor.execute(ORDERS_DDL)
                    cursor.execute(
                        "INSERT INTO dbo.Orders (id, start_time, end_time, type, data)"
                        " VALUES (1, '2019-03-14T10:00:00', NULL, 3, NEWID()),"
                        " (2, '2019-03-15T10:00:00', '2019-03-15', 3, NEWID())"
                    )
                return record(server.port, self.visit, self.splitter)
            finally:
                server.stop()

    def splitter(self) -> Splitter:
        def length(said: bytes) -> int:
            """The packets of a message, up to its last one."""
            at = 0
            while len(said) >= at + HEADER:
                status, size = struct.unpack_from(">xBH", said, at)
                at += max(size, HEADER)
                if status & LAST_PACKET:
                    return at if at <= len(said) else 0
            return 0

        return length

    def visit(self, port: int) -> None:
        with connect_source(_options(port, self.patience), SHARD) as connection:
            compare_columns(connection, _span())
            count_undated(connection, _span().table)
            encoders = DayEncoders(_span(), dict.fromkeys(_span().days, 1))
            for _ in extract_encoded(connection, _span(), LoadOptions(), encoders):
                pass
            for _ in extract_rows(connection, _span(), BatchSize(100, 1 << 20)):
                pass

    def forget(self) -> None:
        for known in (outages, refusals, slow_failures):
            known.cache_clear()


def _span() -> Span:
    files = CatalogFiles()
    table = read_catalog(files.tables, files.shards).table("orders")
    return Span(table, SHARD, DayRange(FIRST, LAST))


def _options(port: int, patience: float) -> Server:
    seconds = max(1, round(patience))
    return Server(
        host="127.0.0.1",
        port=port,
        user=tds_server.USER,
        password=SecretStr(tds_server.PASSWORD),
        encryption="off",
        login_timeout=seconds,
        timeout=seconds,
        transfer_timeout=seconds,
    )
