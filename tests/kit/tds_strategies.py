"""Hypothesis strategies: columns as a SQL Server sends them, and their octets."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from hypothesis import strategies as st

from pipelines.catalog.columns import MAX, Column
from tests.kit.tds_stream import RUSSIAN, columns, done, long, row, short, sized

FIRST = date(2019, 3, 14)
"""The first day of an answer's rows."""

BIGINT, DATETIME2 = b"\x26\x08", b"\x2a\x07"
KEY, AT = ("id", BIGINT), ("at", DATETIME2)
DAY_TICKS = 864_000_000_000
LAST_DAY = 3_652_058
"""9999-12-31, from 0001-01-01."""


UNITS = st.tuples(
    st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from([1, 1, 1, 700])
).map(lambda of: (of[0] * of[1]).encode("utf-16-le"))
HOSTILE_UNITS = st.lists(
    st.sampled_from([b"a\0", b"\x16\x04", b"\xac\x20", b"\0\0", b"\x3d\xd8\x95\xde"])
).map(b"".join)
SHORT_OCTETS = 8_000
"""Most of what is no (max)."""

NVARCHAR_MAX = b"\xe7\xff\xff" + RUSSIAN

Pack = Callable[[bytes | None], bytes]


@dataclass(frozen=True)
class Sent:
    """A column of an answer.

    Attributes:
        declared: What the catalog says of it.
        kind: Its TYPE_INFO.
        values: Octets of its values, None for NULL.
        pack: What is sent of a value.
    """

    declared: str
    kind: bytes
    values: st.SearchStrategy[bytes | None]
    pack: Pack

    @property
    def column(self) -> Column:
        """The catalog's."""
        return Column.parse("c", self.declared)

    @property
    def as_octets(self) -> Sent:
        """The same, text as octets of UTF-16."""
        if self.column.encoded.kind != "varchar":
            return self
        return Sent(self.declared, b"\xa5\xff\xff", self.values, long)


def variable(
    declared: str,
    kind: bytes,
    values: st.SearchStrategy[bytes],
    pack: Pack,
) -> st.SearchStrategy[Sent]:
    """A column that may be NULL, seldom one whose NULLs are not expected."""
    expects = st.sampled_from([" null"] * 9 + [""])
    return expects.map(
        lambda null: Sent(f"{declared}{null}", kind, st.none() | values, pack)
    )


def bare(
    declared: str, kind: int, octets: st.SearchStrategy[bytes]
) -> st.SearchStrategy[Sent]:
    """A column that is never NULL, whose values come without their length."""
    return st.just(Sent(declared, bytes([kind]), octets, lambda value: value or b""))


def text(
    declared: str, kind: bytes = NVARCHAR_MAX, pack: Pack = long
) -> st.SearchStrategy[Sent]:
    """Text, as it is asked for where the driver reads it."""
    values = UNITS | HOSTILE_UNITS
    if pack is short:
        values = values.filter(lambda units: len(units) <= SHORT_OCTETS)
    return variable(declared, kind, values, pack)


def fixed(
    declared: str, kind: bytes, octets: st.SearchStrategy[bytes]
) -> st.SearchStrategy[Sent]:
    return variable(declared, kind, octets, sized)


def octets(declared: str, kind: int, pack: Pack) -> st.SearchStrategy[Sent]:
    """Bytes."""
    size = b"\xff\xff" if pack is long else struct.pack("<H", SHORT_OCTETS)
    return variable(declared, bytes([kind]) + size, st.binary(), pack)


def integers(
    declared: str, form: str, lowest: int, highest: int
) -> st.SearchStrategy[Sent]:
    values = st.integers(lowest, highest) | st.sampled_from([lowest, highest, 0])
    octets = values.map(lambda number: struct.pack(form, number))
    size = struct.calcsize(form)
    never_null = {1: 0x30, 2: 0x34, 4: 0x38, 8: 0x7F}[size]
    return st.one_of(
        fixed(declared, bytes([0x26, size]), octets), bare(declared, never_null, octets)
    )


def packed(form: str) -> Callable[[tuple[int, ...]], bytes]:
    return lambda numbers: struct.pack(form, *numbers)


def ticks(scale: int) -> st.SearchStrategy[bytes]:
    size = 3 if scale <= 2 else 4 if scale <= 4 else 5
    most = DAY_TICKS // 10 ** (7 - scale) - 1
    return st.integers(0, most).map(lambda number: number.to_bytes(size, "little"))


DAYS = st.integers(0, LAST_DAY).map(lambda day: day.to_bytes(3, "little"))
INNER_DAYS = st.integers(1, LAST_DAY - 1).map(lambda day: day.to_bytes(3, "little"))
OFFSETS = st.integers(-840, 840).map(lambda minutes: struct.pack("<h", minutes))


def joined(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.tuples(*parts).map(b"".join)


@st.composite
def decimals(draw: st.DrawFn, name: str) -> Sent:
    precision = draw(st.integers(1, 38))
    scale = draw(st.integers(0, precision))
    wider = draw(st.integers(precision, 38))
    size = next(
        s for most, s in ((9, 4), (19, 8), (28, 12), (38, 16)) if precision <= most
    )
    digits = draw(st.sampled_from([precision, max(1, precision // 2)]))
    octets = joined(
        st.sampled_from([b"\0", b"\1"]),
        st.integers(0, 10**digits - 1).map(
            lambda number: number.to_bytes(size, "little")
        ),
    )
    declared = f"{name}({wider},{draw(st.integers(0, wider))}) null"
    kind = bytes([0x6A, size + 1, precision, scale])
    return Sent(declared, kind, st.none() | octets, sized)


def sent(scale: int) -> dict[str, st.SearchStrategy[Sent]]:
    """A column of each type of the catalog; of a time, with so many digits of a second.

    A column may be wider than what is sent.
    """
    money4 = st.binary(min_size=4, max_size=4)
    money8 = st.binary(min_size=8, max_size=8)
    moment4 = st.tuples(st.integers(0, 65_535), st.integers(0, 1_439))
    moment8 = st.tuples(st.integers(-53_690, 2_958_463), st.integers(0, 25_919_999))
    zoned = joined(ticks(scale), INNER_DAYS, OFFSETS)
    minutes, moments = moment4.map(packed("<HH")), moment8.map(packed("<iI"))
    bits = st.sampled_from([b"\0", b"\1"])
    return {
        "bigint": integers("bigint", "<q", -(2**63), 2**63 - 1)
        | integers("bigint", "<h", -(2**15), 2**15 - 1),
        "int": integers("int", "<i", -(2**31), 2**31 - 1),
        "smallint": integers("smallint", "<h", -(2**15), 2**15 - 1)
        | integers("smallint", "<i", -40_000, 40_000),
        "tinyint": integers("tinyint", "<B", 0, 255),
        "bit": fixed("bit", b"\x68\1", bits) | bare("bit", 0x32, bits),
        "real": fixed("real", b"\x6d\4", money4) | bare("real", 0x3B, money4),
        "float": fixed("float", b"\x6d\x08", money8)
        | fixed("float", b"\x6d\4", money4)
        | bare("float", 0x3E, money8),
        "smallmoney": fixed("smallmoney", b"\x6e\4", money4)
        | bare("smallmoney", 0x7A, money4),
        "money": fixed("money", b"\x6e\x08", money8) | bare("money", 0x3C, money8),
        "decimal": decimals("decimal"),
        "numeric": decimals("numeric"),
        "smalldatetime": fixed("smalldatetime", b"\x6f\4", minutes)
        | bare("smalldatetime", 0x3A, minutes),
        "datetime": fixed("datetime", b"\x6f\x08", moments)
        | bare("datetime", 0x3D, moments),
        "date": fixed("date", b"\x28", DAYS),
        "time": fixed("time", bytes([0x29, scale]), ticks(scale)),
        "datetime2": fixed(
            "datetime2", bytes([0x2A, scale]), joined(ticks(scale), DAYS)
        )
        | fixed("datetime2", b"\x6f\4", minutes)
        | fixed("datetime2", b"\x6f\x08", moments),
        "datetimeoffset": fixed("datetimeoffset", bytes([0x2B, scale]), zoned),
        "uniqueidentifier": fixed(
            "uniqueidentifier", b"\x24\x10", st.binary(min_size=16, max_size=16)
        ),
        "nvarchar": text("nvarchar(20)", b"\xe7\x40\x1f" + RUSSIAN, short)
        | text("nvarchar(4000)")
        | text("nvarchar(max)"),
        "nchar": text("nchar(20)", b"\xef\x40\x1f" + RUSSIAN, short),
        "varchar": text("varchar(8000)") | text("varchar(max)"),
        "char": text("char(20)"),
        "text": text("text"),
        "ntext": text("ntext"),
        "xml": text("xml"),
        "varbinary": octets("varbinary(20)", 0xA5, short)
        | octets("varbinary(8000)", 0xA5, long)
        | octets("varbinary(max)", 0xA5, long),
        "binary": octets("binary(20)", 0xAD, short),
        "image": octets("image", 0xA5, long),
        "rowversion": variable("rowversion", b"\xad\x08\0", money8, short),
        "timestamp": variable("timestamp", b"\xad\x08\0", money8, short),
    }


@dataclass(frozen=True)
class Answer:
    """What a SQL Server answers.

    Attributes:
        declared: The table's columns beside key and date.
        days: How many days are asked for.
        said: The answer.
        as_octets: The same, with text as octets of UTF-16.
    """

    declared: dict[str, str]
    days: int
    said: bytes
    as_octets: bytes


@st.composite
def answers(draw: st.DrawFn, kind: str | None = None) -> Answer:
    """Rows of any columns, of some days, seldom in another order than by day.

    Args:
        draw: Hypothesis gives it.
        kind: The type of the only column beside key and date.
    """
    kinds = sent(draw(st.integers(0, 7)))
    if kind is None:
        any_kind = st.one_of(list(kinds.values()))
        others = draw(st.lists(any_kind, max_size=6).filter(_fit_in_a_row))
    else:
        others = [draw(kinds[kind])]
    days = draw(st.integers(1, 3))
    first = (FIRST - date.min).days
    at = st.tuples(st.integers(0, DAY_TICKS - 1), st.integers(first, first + days))
    moments = draw(st.lists(at, min_size=0 if kind is None else 2, max_size=12))
    if draw(st.booleans()):
        moments.sort(key=lambda one: one[1])
    rows = [
        [
            struct.pack("<q", draw(st.integers(-(2**62), 2**62))),
            ticks.to_bytes(5, "little") + day.to_bytes(3, "little"),
            *(draw(one.values) for one in others),
        ]
        for ticks, day in moments
    ]
    declared = {f"c{number}": one.declared for number, one in enumerate(others)}
    as_octets = [one.as_octets for one in others]
    return Answer(declared, days, _said(others, rows), _said(as_octets, rows))


def _fit_in_a_row(others: Sequence[Sent]) -> bool:
    """Whether no more than one is a (max)."""
    return sum(one.column.size == MAX for one in others) < 2


def _said(others: Sequence[Sent], rows: Sequence[Sequence[bytes | None]]) -> bytes:
    told = [KEY, AT, *((f"c{number}", one.kind) for number, one in enumerate(others))]
    packs = [sized, sized, *(one.pack for one in others)]
    each = [
        row(pack(value) for pack, value in zip(packs, values, strict=True))
        for values in rows
    ]
    return columns(told) + b"".join(each) + done(len(rows))
