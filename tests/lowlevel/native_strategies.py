"""Hypothesis strategies: columns, and rows that suit them."""

from __future__ import annotations

from hypothesis import strategies as st

from lowlevel import Column

UNICODE = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.integers(-(2**63) + 1, 2**63 - 1)
VALUES = {
    "bigint": KEYS,
    "int": st.integers(-(2**31), 2**31 - 1),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "tinyint": st.integers(0, 255),
    "bit": st.booleans(),
    "datetime2": st.datetimes(),
    "uniqueidentifier": st.uuids(),
    "varchar": UNICODE,
}
INTEGER_KINDS = ["bigint", "int", "smallint", "tinyint"]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], str, list[tuple[object, ...]]]:
    """Columns of any kinds, the key among them, and rows."""
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=20))
    place = draw(st.integers(0, len(kinds)))
    kinds.insert(place, draw(st.sampled_from(INTEGER_KINDS)))
    columns = []
    values = []
    for index, kind in enumerate(kinds):
        nullable = index != place and draw(st.booleans())
        width = 65000 if kind == "varchar" else 0
        columns.append(Column(f"c{index}", kind, nullable, width))  # type: ignore[arg-type]
        value = VALUES[kind]
        values.append(st.none() | value if nullable else value)
    rows = draw(st.lists(st.tuples(*values), max_size=8))
    return columns, f"c{place}", rows
