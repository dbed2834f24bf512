from __future__ import annotations

import bz2
import gzip
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vertica_python import errors

from sandbox.errors import SqlError
from sandbox.vertica.incoming import Field, check
from sandbox.vertica.native import NativeParser
from sandbox.vertica.types import SqlType, declared, interval
from tests.kit import native_format as native

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.kit.vertica_client import Client

COPY = "COPY t FROM STDIN NATIVE ABORT ON ERROR"
DOCUMENTED = (
    "4E41544956450AFF0D0A00 3D000000 0100 00 0E00"
    "08000000 08000000 0A000000 FFFFFFFF 01000000 08000000 08000000 08000000"
    "08000000 08000000 FFFFFFFF 03000000 18000000 08000000"
    "73000000 0000 0100000000000000 C3F5285C8FC2F1BF 6F6E6520202020202020"
    "03000000 4F4E45 01 9AFEFFFFFFFFFFFF 3085B34F7EE7FFFF 401F3E64E8E3FFFF"
    "C02E98FF05000000 D0970180F079F010 02000000 ABCD ABCD00"
    "0000000000000000 0000000000000000 64D6120000000000 C047A38E02000000"
)
DOCUMENTED_TABLE = """CREATE TABLE t (
    a INTEGER, b FLOAT, c CHAR(10), d VARCHAR(10), e BOOLEAN, f DATE, g TIMESTAMP,
    h TIMESTAMPTZ, i TIME, j TIMETZ, k VARBINARY(10), l BINARY(3), m NUMERIC(38,0),
    n INTERVAL DAY TO SECOND)"""


class Kind(NamedTuple):
    """A column type, how the format writes it, and values of it."""

    type: SqlType
    width: int
    encode: Callable[[Any], bytes]
    values: st.SearchStrategy[Any]
    read: Callable[[Any], Any] = lambda value: value


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))


def integers(width: int) -> st.SearchStrategy[int]:
    low = -(2 ** (8 * width - 1)) + (1 if width == 8 else 0)
    return st.integers(low, 2 ** (8 * width - 1) - 1)


def decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    most = 10**precision - 1
    return st.integers(-most, most).map(
        lambda n: Decimal((int(n < 0), tuple(map(int, str(abs(n)))), -scale))
    )


KINDS = [
    *(
        Kind(declared("int"), width, native.integer(width), integers(width))
        for width in (1, 2, 4, 8)
    ),
    Kind(declared("boolean"), 1, native.boolean, st.booleans()),
    Kind(declared("float"), 8, native.double, st.floats(allow_nan=False)),
    Kind(
        declared("char", [100]), 100, native.char(100), TEXTS,
        lambda value: value.rstrip(" "),
    ),
    Kind(declared("varchar", [80]), -1, native.varchar, TEXTS),
    Kind(declared("long varchar"), -1, native.varchar, TEXTS),
    Kind(declared("date"), 8, native.days, st.dates()),
    Kind(declared("timestamp"), 8, native.timestamp, MOMENTS),
    Kind(
        declared("timestamptz"), 8, native.timestamp,
        MOMENTS.map(lambda value: value.replace(tzinfo=UTC)),
    ),
    Kind(declared("time"), 8, native.clock, st.times()),
    Kind(
        interval("day", "second"), 8, native.interval,
        st.timedeltas(timedelta(days=-(10**6)), timedelta(days=10**6)),
        lambda value: value // MICROSECOND,
    ),
    Kind(declared("varbinary", [80]), -1, native.varbinary, st.binary(max_size=80)),
    Kind(
        declared("binary", [9]), 9, native.binary(9), st.binary(max_size=9),
        lambda value: value.ljust(9, b"\0"),
    ),
    Kind(declared("uuid"), 16, lambda value: value.bytes, st.uuids()),
    *(
        Kind(
            declared("numeric", [p, s]), (p // 19 + 1) * 8, native.numeric(p, s),
            decimals(p, s),
        )
        for p, s in ((18, 2), (19, 0), (37, 15), (38, 38))
    ),
]  # fmt: skip


def decode(
    kinds: Sequence[Kind], data: bytes, cuts: Sequence[int] = ()
) -> list[tuple[Any, ...]]:
    fields = [Field(f"c{i}", kind.type) for i, kind in enumerate(kinds)]
    parser = NativeParser(fields)
    batches = []
    for start, end in pairwise(
        [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    ):
        batches += list(parser.feed(data[start:end]))
    batches += list(parser.finish())
    rows: list[tuple[Any, ...]] = []
    for batch in batches:
        checked = check(batch, fields, enforce_length=True)
        assert checked.rejects == []
        columns = [pa.chunked_array([a]).to_pylist() for a in checked.arrays]
        rows += zip(*columns, strict=True)
    return rows


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Kind], list[tuple[Any, ...]]]:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=19))
    row = st.tuples(*(st.none() | kind.values for kind in kinds))
    return kinds, draw(st.lists(row, max_size=12))


@settings(deadline=None, max_examples=60)
@given(table=tables(), cuts=st.lists(st.integers(0, 10**6), max_size=5))
def test_every_value_survives_however_the_stream_is_cut(
    table: tuple[list[Kind], list[tuple[Any, ...]]], cuts: list[int]
) -> None:
    kinds, rows = table
    widths = [kind.width for kind in kinds]
    data = native.file(rows, widths, [kind.encode for kind in kinds])
    expected = [
        tuple(
            None if value is None else kind.read(value)
            for kind, value in zip(kinds, row, strict=True)
        )
        for row in rows
    ]
    assert decode(kinds, data, cuts) == expected


@settings(deadline=None, max_examples=60)
@given(table=tables(), cut=st.integers(1, 10**6))
def test_a_file_cut_short_is_an_error(
    table: tuple[list[Kind], list[tuple[Any, ...]]], cut: int
) -> None:
    kinds, rows = table
    widths = [kind.width for kind in kinds]
    encoders = [kind.encode for kind in kinds]
    data = native.file(rows, widths, encoders)
    ends = [len(native.file(rows[:n], widths, encoders)) for n in range(len(rows) + 1)]
    short = len(data) - 1 - cut % len(data)
    if short in ends:
        assert len(decode(kinds, data[:short])) == ends.index(short)
    else:
        with pytest.raises(SqlError, match="not in NATIVE format"):
            decode(kinds, data[:short])


@settings(deadline=None, max_examples=60)
@given(table=tables(), place=st.integers(0, 10**6), octet=st.integers(0, 255))
def test_a_spoilt_file_is_an_error_or_other_values_never_a_crash(
    table: tuple[list[Kind], list[tuple[Any, ...]]], place: int, octet: int
) -> None:
    kinds, rows = table
    fields = [Field(f"c{i}", kind.type) for i, kind in enumerate(kinds)]
    encoders = [kind.encode for kind in kinds]
    data = bytearray(native.file(rows, [kind.width for kind in kinds], encoders))
    data[place % len(data)] = octet
    parser = NativeParser(fields)
    try:
        batches = [*parser.feed(bytes(data)), *parser.finish()]
        for batch in batches:
            check(batch, fields, enforce_length=False)
    except SqlError as failure:
        assert failure.sqlstate == "22V04"  # noqa: PT017 - both ends are right


@pytest.mark.parametrize(
    ("precision", "scale", "value", "expected"),
    [
        (38, 0, "1234532", "00" * 16 + "64D6120000000000"),
        (38, 2, "-1.00", "FF" * 16 + "9CFFFFFFFFFFFFFF"),
        (38, 2, "-1809198413.15", "FF" * 16 + "DD4D56E0D5FFFFFF"),
        (21, 3, "123456789123456789.123", "0600000000000000836AF30D9B9F4EB1"),
    ],
)
def test_published_numerics_are_read(
    precision: int, scale: int, value: str, expected: str
) -> None:
    data = bytes.fromhex(expected)
    assert native.numeric(precision, scale)(Decimal(value)) == data
    kind = Kind(declared("numeric", [precision, scale]), len(data), bytes, st.none())
    rows = decode([kind], native.header([len(data)]) + native.row([data]))
    assert rows == [(Decimal(value),)]


def test_the_documented_file_is_read(client: Client) -> None:
    client.run(DOCUMENTED_TABLE)
    client.copy(COPY, bytes.fromhex(DOCUMENTED))
    (row,) = client.run("SELECT * FROM t")
    assert row[:9] == [
        1, -1.11, "one       ", "ONE", True, date(1999, 1, 8),
        datetime(1999, 2, 23, 3, 11, 52, 350000),
        datetime(1999, 1, 8, 12, 4, 37, tzinfo=UTC), time(7, 9, 23),
    ]  # fmt: skip
    assert row[9].isoformat() == "15:12:34-05:00"
    assert row[10:13] == [b"\xab\xcd", b"\xab\xcd\0", Decimal(1234532)]
    assert (row[13].hours, row[13].minutes, row[13].seconds) == (3, 3, 3)


def test_a_null_column_takes_no_bytes(client: Client) -> None:
    client.run(DOCUMENTED_TABLE)
    data = bytes.fromhex(DOCUMENTED.replace(" ", ""))
    start = len(native.header([0] * 14))
    row = data[start:]
    spoilt = struct.pack("<I", 0x73 - 8) + b"\x40\0" + row[6:14] + row[22:]
    client.copy(COPY, data[:start] + spoilt)
    assert client.run("SELECT a, b, c FROM t") == [[1, None, "one       "]]


ORDERS = "CREATE TABLE t (id INT NOT NULL, at TIMESTAMP, u UUID, v VARCHAR(8))"
WIDTHS = [8, 8, 16, -1]
ENCODERS = [native.integer(8), native.timestamp, lambda u: u.bytes, native.varchar]
ROW = (7, datetime(2019, 3, 14, 1, 2, 3, 999999), UUID(int=2**127 + 5), "été")


def orders(*rows: tuple[Any, ...]) -> bytes:
    return native.file(rows, WIDTHS, ENCODERS)


def test_rows_are_counted(client: Client) -> None:
    client.run(ORDERS)
    client.copy("COPY t FROM STDIN NATIVE NO COMMIT", orders(ROW, ROW, ROW))
    assert client.counts() == [3, 0]
    client.connection.rollback()
    client.copy(COPY, orders())
    assert client.counts() == [0, 0]
    assert client.run("SELECT COUNT(*) FROM t") == [[0]]


def test_minus_two_to_the_63_reads_as_null(client: Client) -> None:
    client.run("CREATE TABLE t (a INT)")
    client.copy(COPY, native.file([(-(2**63),), (1,)], [8], [native.integer(8)]))
    assert client.run("SELECT a FROM t ORDER BY a") == [[None], [1]]


def test_a_null_into_not_null_is_refused(client: Client) -> None:
    client.run(ORDERS)
    bad = (None, *ROW[1:])
    with pytest.raises(errors.CopyRejected, match=r"record 2.*column 1 \(id\)"):
        client.copy(COPY, orders(ROW, bad))
    assert client.run("SELECT COUNT(*) FROM t") == [[0]]
    client.copy("COPY t FROM STDIN NATIVE", orders(ROW, bad, ROW))
    assert client.counts() == [2, 1]


def test_too_long_text_is_refused_or_cut_between_characters(client: Client) -> None:
    client.run(ORDERS)
    long = (*ROW[:3], "1234567é")
    message = r"The 9-byte value is too long for type Varchar\(8\), column 4 \(v\)"
    with pytest.raises(errors.CopyRejected, match=message):
        client.copy(
            "COPY t FROM STDIN NATIVE ENFORCELENGTH ABORT ON ERROR", orders(long)
        )
    client.copy(COPY, orders(long, ROW))
    assert client.run("SELECT v FROM t ORDER BY v") == [["1234567"], ["été"]]


def test_a_number_too_large_for_its_column_is_refused(client: Client) -> None:
    client.run("CREATE TABLE t (n NUMERIC(4,2))")
    encode = native.numeric(4, 2)
    good, bad = (Decimal("-99.99"),), (Decimal("100.00"),)
    client.copy("COPY t FROM STDIN NATIVE", native.file([good, bad], [8], [encode]))
    assert client.counts() == [1, 1]
    assert client.run("SELECT n FROM t") == [[Decimal("-99.99")]]


def test_text_that_is_not_utf8_is_refused(client: Client) -> None:
    client.run("CREATE TABLE t (v VARCHAR(8))")
    data = native.file([(b"\xff",), (b"ok",)], [-1], [native.varbinary])
    client.copy("COPY t FROM STDIN NATIVE", data)
    assert client.counts() == [1, 1]


def test_columns_may_be_named_filled_and_computed(client: Client) -> None:
    client.run("CREATE TABLE t (a INT, b VARCHAR(9), c VARCHAR(9) DEFAULT 'default')")
    data = native.file([(1, "x")], [4, -1], [native.integer(4), native.varchar])
    client.copy(
        "COPY t (a, raw FILLER VARCHAR(9), b AS raw || '!') FROM STDIN NATIVE", data
    )
    assert client.run("SELECT * FROM t") == [[1, "x!", "default"]]


def test_compressed_input_is_read(client: Client) -> None:
    client.run(ORDERS)
    client.copy("COPY t FROM STDIN GZIP NATIVE", gzip.compress(orders(ROW)))
    assert client.run("SELECT * FROM t") == [list(ROW)]
    with pytest.raises(errors.CopyRejected, match="GZIP"):
        client.copy("COPY t FROM STDIN GZIP NATIVE", orders(ROW))


@pytest.mark.parametrize(
    ("name", "compress"), [("GZIP", gzip.compress), ("BZIP", bz2.compress)]
)
def test_compressed_input_that_ends_too_soon_is_corrupt(
    client: Client, table: str, name: str, compress: Callable[[bytes], bytes]
) -> None:
    whole = compress(b"1|x\n" * 1000)
    with pytest.raises(errors.CopyRejected, match=f"{name} input is corrupt.*soon"):
        client.copy(f"COPY {table} FROM STDIN {name} NO COMMIT", whole[:-9])
    client.copy(f"COPY {table} FROM STDIN {name} NO COMMIT", whole + whole)
    assert client.counts() == [2000, 0]


def test_native_input_is_one_compressed_stream(client: Client) -> None:
    client.run(ORDERS)
    whole = orders(ROW)
    parts = gzip.compress(whole[:40]) + gzip.compress(whole[40:])
    with pytest.raises(errors.CopyRejected, match="one compressed stream"):
        client.copy("COPY t FROM STDIN GZIP NATIVE", parts)


GOOD = orders(ROW, ROW)
SPOILT = {
    "signature": b"X" + GOOD[1:],
    "version": GOOD[:15] + b"\2" + GOOD[16:],
    "header length": GOOD[:11] + b"\1" + GOOD[12:],
    "columns": native.file([(1,)], [8], [native.integer(8)]),
    "width": native.file([ROW], [4, 8, 16, -1], ENCODERS),
    "header cut": GOOD[:20],
    "row cut": GOOD[:-1],
    "row too long": GOOD[: -len(native.row([native.varchar("")]))] + b"\0\0",
    "string too long": GOOD.replace(struct.pack("<i", 5), struct.pack("<i", 6)),
    "negative string": GOOD.replace(struct.pack("<i", 5), struct.pack("<i", -5)),
    "nothing": b"",
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT.keys())
def test_malformed_input_loads_nothing(client: Client, spoilt: bytes) -> None:
    client.run(ORDERS)
    client.copy("COPY t FROM STDIN NATIVE NO COMMIT", orders(ROW))
    with pytest.raises(errors.CopyRejected):
        client.copy("COPY t FROM STDIN NATIVE NO COMMIT", spoilt)
    client.connection.commit()
    assert client.run("SELECT COUNT(*) FROM t") == [[1]]


def test_many_rows_arrive_in_pieces(client: Client) -> None:
    client.run(ORDERS)
    rows = 200_000
    one = native.row([e(v) for e, v in zip(ENCODERS, ROW, strict=True)])
    client.cursor.copy(COPY, native.header(WIDTHS) + one * rows, buffer_size=100_003)
    assert client.counts() == [rows, 0]
    assert client.run("SELECT COUNT(*), MIN(v), MAX(at) FROM t") == [
        [rows, "été", ROW[1]]
    ]
