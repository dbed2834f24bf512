from __future__ import annotations

import datetime as dt
import math
import pickle
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowlevel import Column, EncodeError, NativeEncoder, row_hash
from tests.kit import native_definition

KEY = Column("id", "bigint", nullable=False)
NOW = dt.datetime(2019, 3, 14)  # datetime2 has no zone


class Wholesale(int):
    """An int that is more than an int."""


def encoder_of(*columns: Column, key: str = "id") -> NativeEncoder:
    return NativeEncoder(columns, key=key, source="shop", etl_id=1)


def refusal_of(column: Column, value: object) -> EncodeError:
    with pytest.raises(EncodeError) as caught:
        encoder_of(KEY, column).encode([(41, value)])
    return caught.value


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("bigint", -(2**63), "outside"),
        ("bigint", 2**63, "outside"),
        pytest.param("bigint", 10**5000, "outside", id="an int too long to print"),
        ("int", 2**31, "outside"),
        ("int", -(2**31) - 1, "outside"),
        ("smallint", 2**15, "outside"),
        ("tinyint", 256, "outside 0 to 255"),
        ("tinyint", -1, "outside 0 to 255"),
        ("bigint", "1", "bigint takes int, not str"),
        ("int", True, "int takes int, not bool"),
        ("int", Wholesale(1), "not Wholesale"),
        ("int", 1.0, "not float"),
        ("int", Decimal(1), "not Decimal"),
        ("bit", 1, "bit takes bool, not int"),
        ("datetime2", NOW.date(), "not date"),
        ("datetime2", NOW.replace(tzinfo=dt.UTC), "time zone"),
        ("uniqueidentifier", str(uuid.UUID(int=1)), "takes UUID, not str"),
        ("uniqueidentifier", bytes(15), "takes UUID, not bytes"),
        ("uniqueidentifier", bytes(17), "takes UUID, not bytes"),
        ("varchar", b"octets", "takes str, not bytes"),
        ("varchar", "жж", "4 octets of UTF-8, the column holds 3"),
        ("varchar", "a\ud800", "U+D800 at character 1"),
        ("int", None, "NULL"),
        ("varchar", None, "NULL"),
        ("varbinary", "text", "varbinary takes bytes, not str"),
        ("varbinary", bytes(4), "there are 4 octets, the column holds 3"),
        ("float", 1, "float takes float, not int"),
        ("float", math.nan, "infinite or none"),
        ("float", -math.inf, "infinite or none"),
        ("date", NOW, "date takes date, not datetime"),
        ("time", NOW, "time takes time, not datetime"),
        ("time", dt.time(1, tzinfo=dt.UTC), "time has no time zone"),
        ("datetimeoffset", NOW, "the value has none"),
        ("datetimeoffset", NOW.date(), "takes datetime, not date"),
        ("decimal", 1, "decimal takes Decimal, not int"),
        ("decimal", Decimal(1000), "does not fit decimal(3,1)"),
        ("decimal", Decimal(100), "does not fit decimal(3,1)"),
        ("decimal", Decimal("1.23"), "does not fit decimal(3,1)"),
        ("decimal", Decimal("1E+2"), "does not fit"),
        ("decimal", Decimal("1E-999999"), "does not fit"),
        ("decimal", Decimal("1E+999999"), "does not fit"),
        ("decimal", Decimal("9" * 60), "does not fit"),
        ("decimal", Decimal("NaN"), "does not fit"),
        ("decimal", Decimal("-Infinity"), "does not fit"),
    ],
)
def test_a_value_that_cannot_be_stored_is_told_in_one_line(
    kind: str, value: object, reason: str
) -> None:
    width, scale = {"varchar": (3, 0), "varbinary": (3, 0), "decimal": (3, 1)}.get(
        kind, (0, 0)
    )
    column = Column("v\n", kind, nullable=False, width=width, scale=scale)  # type: ignore[arg-type]
    error = refusal_of(column, value)
    assert (error.row, error.column, error.key) == (0, "v\n", 41)
    assert reason in error.reason
    assert str(error) == f"row 0 (key 41), column 'v\\n': {error.reason}"
    assert len(str(error)) < 150


@pytest.mark.parametrize("key", [None, "7", True, -(2**63)])
def test_a_row_without_a_valid_key_is_refused(key: object) -> None:
    encoder = encoder_of(KEY._replace(nullable=True))
    with pytest.raises(EncodeError) as caught:
        encoder.encode([(key,)])
    assert (caught.value.column, caught.value.key) == ("id", None)


@pytest.mark.parametrize("row", [(), (1,), (1, 2, 3), [1]])
def test_a_row_of_another_length_is_refused(row: tuple[object, ...]) -> None:
    encoder = encoder_of(KEY, Column("v", "int", nullable=True))
    with pytest.raises(EncodeError, match=rf"row 1: {len(row)} values for 2 columns"):
        encoder.encode([(1, 2), row])


@pytest.mark.parametrize("row", ["ab", {"id": 1, "v": 2}, 5, None, range(2)])
def test_what_is_no_row_is_refused(row: object) -> None:
    encoder = encoder_of(KEY, Column("v", "int", nullable=True))
    with pytest.raises(EncodeError, match="row 0: a row is a tuple or a list, not"):
        encoder.encode([row])  # type: ignore[list-item]


@given(
    good=st.lists(st.integers(-1000, 1000), max_size=5),
    ahead=st.lists(st.integers(-1000, 1000), max_size=5),
)
def test_a_refused_call_leaves_the_encoder_as_it_was(
    good: list[int], ahead: list[int]
) -> None:
    encoder = encoder_of(KEY)
    encoder.encode([(number,) for number in good])
    before = (encoder.rows, encoder.checksum)
    with pytest.raises(EncodeError) as caught:
        encoder.encode([*((number,) for number in ahead), (None,), (1,)])
    assert caught.value.row == len(good) + len(ahead)
    assert (encoder.rows, encoder.checksum) == before
    rows = [(number,) for number in ahead]
    assert encoder.encode(rows) == native_definition.encode(
        [KEY], rows, key="id", source="shop", etl_id=1
    )
    everything = [(number,) for number in good + ahead]
    assert encoder.rows == len(everything)
    assert encoder.checksum == native_definition.checksum([KEY], everything)


def test_an_error_survives_pickling_with_its_fields() -> None:
    error = EncodeError(3, "v", "too long", 41)
    copy = pickle.loads(pickle.dumps(error))
    assert vars(copy) == vars(error)
    assert str(copy) == "row 3 (key 41), column 'v': too long"


def test_a_uuid_whose_value_was_tampered_with_is_refused() -> None:
    column = Column("v", "uniqueidentifier", nullable=False)
    for number in (-1, 2**128, 2**200, "text", None):
        value = uuid.UUID(int=1)
        object.__setattr__(value, "int", number)
        assert refusal_of(column, value).reason == "no valid uniqueidentifier"
    value = uuid.UUID(int=1)
    object.__delattr__(value, "int")
    assert refusal_of(column, value).reason == "no valid uniqueidentifier"


@pytest.mark.parametrize(
    ("columns", "key", "reason"),
    [
        ([], "id", "1 to 65532 columns"),
        (
            [Column(f"v{i}", "int", nullable=True) for i in range(65_533)],
            "v0",
            "columns",
        ),
        ([KEY, KEY], "id", "one name"),
        ([KEY], "ID", "no integer column"),
        ([Column("id", "varchar", nullable=False, width=3)], "id", "no integer column"),
        ([KEY, Column("v", "varchar", nullable=True)], "id", "1 to 32000000 octets"),
        ([KEY, Column("v", "varchar", nullable=True, width=2**40)], "id", "octets"),
        ([KEY, Column("v", "int", nullable=True, width=4)], "id", "takes no width"),
        ([KEY, Column("v", "int", nullable=True, scale=4)], "id", "takes no scale"),
        (
            [KEY, Column("v", "decimal", nullable=True, width=39)],
            "id",
            "1 to 38 digits",
        ),
        (
            [KEY, Column("v", "decimal", nullable=True, width=3, scale=4)],
            "id",
            "not 3 and 4",
        ),
        ([KEY, Column("v", "xml", nullable=True)], "id", "unknown kind 'xml'"),  # type: ignore[arg-type]
        (
            [KEY] + [Column(f"v{i}", "varchar", True, 32_000_000) for i in range(68)],
            "id",
            "2 GiB",
        ),
    ],
)
def test_columns_that_make_no_row_are_refused_at_once(
    columns: list[Column], key: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        encoder_of(*columns, key=key)


@pytest.mark.parametrize("etl_id", [2**63, -(2**63), True, 1.0, "1"])
def test_an_etl_id_that_vertica_cannot_hold_is_refused(etl_id: object) -> None:
    with pytest.raises(ValueError, match="etl_id"):
        NativeEncoder([KEY], key="id", source="shop", etl_id=etl_id)  # type: ignore[arg-type]


def test_a_source_that_is_no_unicode_text_is_refused() -> None:
    with pytest.raises(ValueError, match="no Unicode text"):
        NativeEncoder([KEY], key="id", source="\udcff", etl_id=1)


def test_the_hash_of_a_row_that_cannot_be_stored_is_refused() -> None:
    with pytest.raises(EncodeError, match="column 'id': NULL"):
        row_hash([KEY], [None])


class Meddler(dt.tzinfo):
    """A time zone that takes values away while they are encoded."""

    def __init__(self, *lists: list[object]) -> None:
        self.lists = lists

    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
        for one in self.lists:
            one.clear()
        return dt.timedelta(0)


@pytest.mark.parametrize("rows_too", [False, True])
def test_a_time_zone_that_changes_the_rows_changes_nothing_of_what_is_encoded(
    rows_too: bool,
) -> None:
    columns = [
        KEY,
        Column("at", "datetimeoffset", nullable=False),
        Column("text", "varchar", nullable=False, width=60_000),
    ]
    rows: list[object] = []
    for key in range(3):
        row: list[object] = [key]
        meddler = Meddler(row, rows) if rows_too else Meddler(row)
        row += [NOW.replace(tzinfo=meddler), f"{key}" * 50_000]
        rows.append(row)
    expected = [
        (key, NOW.replace(tzinfo=dt.UTC), f"{key}" * 50_000) for key in range(3)
    ]
    encode = NativeEncoder(columns, key="id", source="shop", etl_id=1).encode
    other = NativeEncoder(columns, key="id", source="shop", etl_id=1)
    assert encode(rows) == other.encode(expected)
