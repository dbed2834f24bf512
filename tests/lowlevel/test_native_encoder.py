from __future__ import annotations

import datetime as dt
import pickle
import struct
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import given

from lowlevel import Column, EncodeError, NativeEncoder
from tests.kit import native_definition
from tests.kit.native_strategies import KEYS, UNICODE, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ORDERS = [
    Column("id", "bigint", nullable=False),
    Column("start_time", "datetime2", nullable=False),
    Column("end_time", "datetime2", nullable=True),
    Column("type", "int", nullable=False),
    Column("data", "uniqueidentifier", nullable=False),
]


FIVE_HOURS_WEST = dt.timezone(dt.timedelta(hours=-5))
ADDED = [
    Column("etl_source", "varchar", nullable=False, width=1_000),
    Column("etl_id", "bigint", nullable=False),
    Column("hash_id", "bigint", nullable=False),
]


def moment(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)  # type: ignore[arg-type]  # datetime2


def order(key: int) -> tuple[object, ...]:
    end = None if key % 3 == 0 else moment(2019, 3, 15, 1, 2, 3, 999999)
    return key, moment(2019, 3, 14), end, key % 7, uuid.UUID(int=key * 2**64 + 1)


def encoder_of(columns: Sequence[Column], key: str = "id") -> NativeEncoder:
    return NativeEncoder(columns, key=key, source="mssql_0/shop", etl_id=77)


def value_octets(column: Column, value: object) -> bytes:
    """The octets of one value, cut out of a row of a key and that value."""
    columns = [Column("id", "tinyint", nullable=False), column]
    encoded = encoder_of(columns).encode([(1, value)])
    added = 4 + len("mssql_0/shop") + 8 + 8
    return encoded[4 + 1 + 2 : len(encoded) - added]


@given(tables(), UNICODE, KEYS)
def test_rows_are_encoded_as_the_published_definition_says(
    table: tuple[list[Column], str, list[tuple[object, ...]]], source: str, etl_id: int
) -> None:
    columns, key, rows = table
    encoder = NativeEncoder(columns, key=key, source=source, etl_id=etl_id)
    expected = native_definition.encode(
        columns, rows, key=key, source=source, etl_id=etl_id
    )
    assert encoder.encode(rows) == expected
    assert encoder.header == native_definition.header(columns)
    assert encoder.rows == len(rows)
    assert encoder.checksum == native_definition.checksum(columns, rows)


@given(tables(), UNICODE, KEYS)
def test_encoded_rows_decode_to_the_values_that_went_in(
    table: tuple[list[Column], str, list[tuple[object, ...]]], source: str, etl_id: int
) -> None:
    columns, key, rows = table
    encoder = NativeEncoder(columns, key=key, source=source, etl_id=etl_id)
    decoded = native_definition.decode([*columns, *ADDED], encoder.encode(rows))
    assert [row[: len(columns)] for row in decoded] == rows
    assert all(row[len(columns) : -1] == (source, etl_id) for row in decoded)


def test_the_header_is_that_of_vertica_for_the_same_widths() -> None:
    columns = [
        Column("a", "bigint", nullable=False),
        Column("b", "varchar", nullable=True, width=10),
        Column("c", "bit", nullable=True),
        Column("d", "datetime2", nullable=True),
    ]
    expected = (
        "4E41544956450AFF0D0A00 21000000 0100 00 0700"
        "08000000 FFFFFFFF 01000000 08000000 FFFFFFFF 08000000 08000000"
    )
    assert encoder_of(columns, key="a").header == bytes.fromhex(expected)


@pytest.mark.parametrize(
    ("column", "value", "octets"),
    [  # as far as they apply, the example of Vertica's documentation
        (Column("v", "bigint", nullable=False), 1, "0100000000000000"),
        (Column("v", "varchar", nullable=False, width=3), "ONE", "03000000 4F4E45"),
        (Column("v", "bit", nullable=False), True, "01"),
        (Column("v", "float", nullable=False), -1.11, "C3F5285C8FC2F1BF"),
        (Column("v", "date", nullable=False), dt.date(1999, 1, 8), "9AFEFFFFFFFFFFFF"),
        (Column("v", "time", nullable=False), dt.time(7, 9, 23), "C02E98FF05000000"),
        (
            Column("v", "datetimeoffset", nullable=False),
            dt.datetime(1999, 1, 8, 7, 4, 37, tzinfo=FIVE_HOURS_WEST),
            "401F3E64E8E3FFFF",
        ),
        (
            Column("v", "varbinary", nullable=False, width=2),
            b"\xab\xcd",
            "02000000 ABCD",
        ),
        # Of other writers of the format.
        (
            Column("v", "decimal", nullable=False, width=38),
            Decimal(1234532),
            "00" * 16 + "64D6120000000000",
        ),
        (
            Column("v", "decimal", nullable=False, width=38, scale=2),
            Decimal("-1809198413.15"),
            "FF" * 16 + "DD4D56E0D5FFFFFF",
        ),
        (
            Column("v", "decimal", nullable=False, width=21, scale=3),
            Decimal("123456789123456789.123"),
            "0600000000000000 836AF30D9B9F4EB1",
        ),
        (
            Column("v", "datetime2", nullable=False),
            moment(1999, 2, 23, 3, 11, 52, 350000),
            "3085B34F7EE7FFFF",
        ),
        (
            Column("v", "datetime2", nullable=False),
            moment(1999, 1, 8, 12, 4, 37),
            "401F3E64E8E3FFFF",
        ),
    ],
)
def test_values_have_the_octets_of_verticas_example(
    column: Column, value: object, octets: str
) -> None:
    assert value_octets(column, value) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    "value",
    [
        moment(1, 1, 1),
        moment(9999, 12, 31, 23, 59, 59, 999999),
        moment(1999, 12, 31, 23, 59, 59, 999999),
        moment(2000, 1, 1),
        moment(1900, 2, 28),
        moment(1900, 3, 1),
        moment(2000, 2, 29, 12),
        moment(2100, 12, 31),
    ],
)
def test_moments_are_exact_to_the_microsecond(value: dt.datetime) -> None:
    octets = value_octets(Column("v", "datetime2", nullable=False), value)
    (micros,) = struct.unpack("<q", octets)
    assert moment(2000, 1, 1) + dt.timedelta(microseconds=micros) == value


def test_every_day_of_the_calendar_is_exact() -> None:
    first = moment(1, 1, 1)
    days = range(0, moment(9999, 12, 31).toordinal(), 11)
    columns = [
        Column("id", "bigint", nullable=False),
        Column("day", "datetime2", nullable=False),
    ]
    rows = [(day, first + dt.timedelta(days=day)) for day in days]
    encoded = encoder_of(columns).encode(rows)
    width = len(encoded) // len(rows)
    micros = [
        struct.unpack_from("<q", encoded, start + 4 + 1 + 8)[0]
        for start in range(0, len(encoded), width)
    ]
    assert micros == [(day - 730119) * 86_400_000_000 for day in days]


@pytest.mark.parametrize("number", [0, 1, 2**30, 2**60, 2**90, 2**120, 2**128 - 1])
def test_uuids_are_big_endian_whatever_their_size(number: int) -> None:
    value = uuid.UUID(int=number)
    column = Column("v", "uniqueidentifier", nullable=False)
    assert value_octets(column, value) == value.bytes


@pytest.mark.parametrize("power", [15, 29, 30, 31, 45, 59, 60, 61, 62])
def test_integers_are_exact_about_every_power_of_two(power: int) -> None:
    column = Column("v", "bigint", nullable=False)
    for number in range(2**power - 2, 2**power + 3):
        for signed in (number, -number):
            octets = value_octets(column, signed)
            assert int.from_bytes(octets, "little", signed=True) == signed


def test_empty_text_null_and_the_word_null_differ() -> None:
    columns = [
        Column("id", "int", nullable=False),
        Column("v", "varchar", nullable=True, width=40),
    ]
    texts = ["", None, "NULL", "NUL", "\0", 'a|"\\\n\r', "\U0001f600"]
    rows = [(index, text) for index, text in enumerate(texts)]
    encoded = encoder_of(columns).encode(rows)
    decoded = native_definition.decode([*columns, *ADDED], encoded)
    assert [row[1] for row in decoded] == texts


def test_a_text_may_be_as_long_as_its_column_and_longer_than_any_buffer() -> None:
    columns = [
        Column("id", "int", nullable=False),
        Column("v", "varchar", nullable=True, width=3_000_000),
    ]
    rows = [(1, "x"), (2, "ж" * 1_500_000), (3, "y" * 3_000_000)]
    encoded = encoder_of(columns).encode(rows)
    expected = native_definition.encode(
        columns, rows, key="id", source="mssql_0/shop", etl_id=77
    )
    assert encoded == expected


def test_batches_give_the_octets_and_the_sums_of_one() -> None:
    rows = [order(key) for key in range(5000)]
    one, many = encoder_of(ORDERS), encoder_of(ORDERS)
    batches = [rows[start : start + 700] for start in range(0, 5000, 700)]
    assert b"".join(map(many.encode, batches)) == one.encode(rows)
    assert (
        (many.rows, many.checksum)
        == (one.rows, one.checksum)
        == (
            5000,
            native_definition.checksum(ORDERS, rows),
        )
    )


def test_no_rows_are_no_octets() -> None:
    encoder = encoder_of(ORDERS)
    assert encoder.encode([]) == b""
    assert (encoder.rows, encoder.checksum) == (0, 0)


def test_rows_may_be_lists_in_a_tuple() -> None:
    rows = [order(1), order(2)]
    as_lists = tuple(list(row) for row in rows)
    assert encoder_of(ORDERS).encode(as_lists) == encoder_of(ORDERS).encode(rows)


def test_an_encoder_in_use_refuses_a_second_user() -> None:
    encoder = encoder_of(ORDERS)
    refusals = []

    class Reentrant(tuple[tuple[object, ...], ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[tuple[object, ...]]:
            with pytest.raises(RuntimeError, match="another thread") as refusal:
                encoder.encode([order(9)])
            refusals.append(refusal)
            return iter([order(1)])

    assert encoder.encode(Reentrant()) == encoder_of(ORDERS).encode([order(1)])
    assert len(refusals) == 1
    assert encoder.rows == 1


def test_memory_stays_flat_over_many_batches_and_errors() -> None:
    columns = [*ORDERS, Column("note", "varchar", nullable=True, width=100)]
    rows = [(*order(key), "ж" * (key % 30)) for key in range(500)]
    broken = [*rows, (*order(1), "\ud800")]
    process = psutil.Process()

    def work(times: int) -> int:
        encoder = encoder_of(columns)
        for _ in range(times):
            encoder.encode(rows)
            with pytest.raises(EncodeError):
                encoder.encode(broken)
            encoder_of(columns).encode(rows)
        return process.memory_info().rss

    before = work(100)
    assert work(1500) - before < 4 * 2**20


def test_an_encoder_cannot_be_copied_by_pickle() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(encoder_of(ORDERS))
