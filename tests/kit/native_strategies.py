"""Hypothesis strategies: columns, and rows that suit them."""

from __future__ import annotations

import datetime as dt
from decimal import Context, Decimal

from hypothesis import strategies as st

from lowlevel import Column
from lowlevel.columns import MOST_DIGITS, VARIABLE_KINDS

UNICODE = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.integers(-(2**63) + 1, 2**63 - 1)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: dt.timezone(dt.timedelta(minutes=minutes))
)
VALUES = {
    "bigint": KEYS,
    "int": st.integers(-(2**31), 2**31 - 1),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "tinyint": st.integers(0, 255),
    "bit": st.booleans(),
    "datetime2": st.datetimes(),
    "uniqueidentifier": st.uuids(),
    "varchar": UNICODE,
    "varbinary": st.binary(),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "date": st.dates(),
    "time": st.times(),
    # SQL Server's own range: the moment in UTC has a year of 1 to 9999 too.
    "datetimeoffset": st.datetimes(
        dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=OFFSETS
    ),
}
INTEGER_KINDS = ["bigint", "int", "smallint", "tinyint"]


def decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    """What SQL Server's decimal(precision, scale) holds, written in any way."""
    most = 10**precision - 1
    numbers = st.integers(-most, most)
    exact = Context(prec=80)
    plain = numbers.map(lambda number: Decimal(number).scaleb(-scale, exact))
    return plain | plain.map(lambda number: number.normalize(exact))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], str, list[tuple[object, ...]]]:
    """Columns of any kinds, the key among them, and rows."""
    kinds = draw(st.lists(st.sampled_from([*sorted(VALUES), "decimal"]), max_size=20))
    place = draw(st.integers(0, len(kinds)))
    kinds.insert(place, draw(st.sampled_from(INTEGER_KINDS)))
    columns = []
    values = []
    for index, kind in enumerate(kinds):
        nullable = index != place and draw(st.booleans())
        width = 65000 if kind in VARIABLE_KINDS else 0
        scale = 0
        if kind == "decimal":
            width = draw(st.integers(1, MOST_DIGITS))
            scale = draw(st.integers(0, width))
        columns.append(Column(f"c{index}", kind, nullable, width, scale))  # type: ignore[arg-type]
        value = VALUES[kind] if kind in VALUES else decimals(width, scale)
        values.append(st.none() | value if nullable else value)
    rows = draw(st.lists(st.tuples(*values), max_size=8))
    return columns, f"c{place}", rows
