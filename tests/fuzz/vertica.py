"""The warehouse's side: log in, ask, read markers, COPY, commit."""

from __future__ import annotations

import struct
from contextlib import closing
from datetime import date

from pydantic import SecretStr

from pipelines.catalog import Table, read_catalog
from pipelines.config import CatalogFiles, Warehouse
from pipelines.network.failover import outages
from pipelines.network.server_memory import refusals, slow_failures
from pipelines.warehouse import (
    Markers,
    connect_warehouse,
    copy_rows,
    create_tables,
    log_in_warehouse,
    read_loaded_days,
)
from tests.fuzz.recording import record
from tests.fuzz.side import ClientSide, Splitter
from tests.kit.vertica_client import Vertica

FIRST, LAST = date(2019, 3, 1), date(2019, 3, 31)
COPY = "COPY t FROM STDIN ABORT ON ERROR NO COMMIT"
MARK = (
    "INSERT INTO stage.markers (target_table, source, day, etl_id, rows, checksum)"
    " VALUES ('{}', 'abakan', DATE '2019-03-14', 5, 6, 7)"
)


def message(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    """A message, or one that announces another size than it has."""
    return kind + struct.pack("!I", len(body) + 4 if size is None else size) + body


def row(*values: bytes) -> bytes:
    body = struct.pack("!H", len(values))
    return message(b"D", body + b"".join(struct.pack("!i", len(v)) + v for v in values))


def columns(*oids: int) -> bytes:
    """A description of columns of these types, whose values come as text."""
    described = b"".join(
        b"a\0" + bytes(10) + struct.pack("!BIhHHiH", 0, oid, -1, 1, 0, -1, 0)
        for oid in oids
    )
    return message(b"T", struct.pack("!HI", len(oids), 0) + described)


_LOOP = (
    struct.pack("!Hi", 65_535, 1 << 20)
    + bytes(1 << 20)
    + struct.pack("!i", -((1 << 20) + 8))
)


LIES = (
    columns(6, 9) + row(b"1", b"x" * (30 << 20)),
    columns(6, 9) + row(b"1", b"\xf0\x9f\xa6\x86" * (7 << 20)),
    columns(17) + row(b"\\001" * (7 << 20)),
    columns(16) + row(b"9" * (30 << 20)),
    columns(1509) + row(b"[" * (30 << 20)),
    message(b"E", b"", 3_900_000_000),
    message(b"D", b"", 3_900_000_000),
    message(b"D", b"", 200 << 20),
    message(b"E", b"SERROR\0Mno end"),
    message(b"E", b"SERROR\0M" + b"x" * (2 << 20) + b"\0\0"),
    message(b"E", b"SERROR\0MMessage: Message: \x1b[2J\xe2\x80\xae\0C57V03\0\0"),
    message(b"E", b"\0"),
    message(b"E"),
    message(b"N", b"SNOTICE\0Mhello\0C00000\0\0"),
    message(b"N", b"SNOTICE\0M" + b"x" * 60_000 + b"\0\0"),
    message(b"S", b"timezone\0nowhere\0"),
    message(b"S", b"protocol_version\0many\0"),
    message(b"S", b"protocol_version\0" + b"9" * 5_000 + b"\0"),
    message(b"S", b"name\0no end"),
    message(b"S", b"\xff\xff\0\xff\0"),
    message(b"R", struct.pack("!I", 99)),
    message(b"R", struct.pack("!I", 7)),
    message(b"R", struct.pack("!I", 3)),
    message(b"R", struct.pack("!I", 9)),
    message(b"R", struct.pack("!I", 11)),
    message(b"R", struct.pack("!I", 12)),
    message(b"R", struct.pack("!I", 65_536 + 512) + b"abcd" + struct.pack("!I", 7)),
    message(b"R", b"\0"),
    message(b"Z", b"Q"),
    message(b"Z", b"I"),
    message(b"Z"),
    message(b"C", b"\xff\xfe\0"),
    message(b"C"),
    message(b"I"),
    message(b"T", struct.pack("!H", 0)),
    message(b"T", struct.pack("!HI", 1, 0) + b"a\0" + bytes(4)),
    message(b"T", struct.pack("!HI", 65_535, 0xFFFF_FFFF)),
    message(b"T", struct.pack("!HI", 1, 0) + b"\xff\0" + bytes(25)),
    message(b"D", struct.pack("!H", 65_535)),
    message(b"D", _LOOP),
    message(b"D", b"\0"),
    row(b"x"),
    row(),
    row(*[b"1"] * 7),
    row(b"9" * 5_000, b"\xff"),
    message(b"F", struct.pack("!H", 1) + b"luigi.cfg\0\0\0"),
    message(b"F", struct.pack("!H", 0) + b"\0\0"),
    message(b"H", b"luigi.cfg\0"),
    message(b"O", b"luigi.cfg\0" + struct.pack("!I", 5) + b"owned"),
    message(b"O", b"x" * 100_000, 3_900_000_000),
    message(b"O", b"\0" + struct.pack("!I", 0xFFFF_FFF8), 0xFFFF_FFFF),
    message(b"G", struct.pack("!BHH", 0, 1, 0)),
    message(b"K", b"abc"),
    message(b"?", b"what"),
    message(b"D", b"", 0),
    b"\0" * 64,
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"S",
    b"N",
)


class Side(ClientSide):
    patience = 0.5
    seconds = 3.5
    octets = 160 << 20
    lies = LIES

    def record(self) -> list[bytes]:
        vertica = Vertica()
        try:
            create_tables(_options(vertica.port, self.patience), warehouse_table())
            with connect_warehouse(_options(vertica.port, self.patience)) as connection:
                connection.query("CREATE TABLE t (a INT)")
                connection.query(MARK.format(warehouse_table().target))
                connection.commit()
            return record(vertica.port, self.visit, self.splitter)
        finally:
            vertica.stop()

    def splitter(self) -> Splitter:
        started = False

        def length(said: bytes) -> int:
            """A message; the startup's has no kind."""
            nonlocal started
            kind = 1 if started else 0
            if len(said) < kind + 4:
                return 0
            whole: int = kind + struct.unpack_from("!I", said, kind)[0]
            if len(said) < whole:
                return 0
            started = started or whole > 8  # shorter ones ask for TLS
            return max(whole, 5)

        return length

    def visit(self, port: int) -> None:
        # Values come in binary form, or as the server says.
        link = log_in_warehouse(_options(port, self.patience), binary=True)
        with closing(link) as connection:
            connection.one_row("SELECT 1, VERSION()", int, str)
            read_loaded_days(
                connection, "stage.markers", warehouse_table(), FIRST, LAST
            )
            rows = iter([b"1\n2\n", b"3\n" * 1_000])
            copy_rows(connection, COPY, rows)
            Markers(connection, "stage.markers").of_days(warehouse_table(), FIRST, LAST)
            connection.commit()

    def forget(self) -> None:
        for known in (outages, refusals, slow_failures):
            known.cache_clear()


def warehouse_table() -> Table:
    files = CatalogFiles()
    return read_catalog(files.tables, files.shards).table("orders")


def _options(port: int, patience: float) -> Warehouse:
    return Warehouse(
        host="127.0.0.1",
        port=port,
        user="dbadmin",
        password=SecretStr("secret"),
        tlsmode="disable",
        login_timeout=patience,
        lock_timeout=patience / 2,
        connection_timeout=patience,
        transfer_timeout=patience,
    )
