from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowlevel import Column, NativeEncoder, hash_id, row_hash
from lowlevel.native import storable_hash
from tests.kit import native_definition
from tests.kit.native_strategies import UNICODE, tables

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.tuples(UNICODE, INT64), min_size=1, max_size=20))
def test_hash_id_is_that_of_pandas(pairs: list[tuple[str, int]]) -> None:
    sources, keys = zip(*pairs, strict=True)
    hashes = [hash_id(source, key) for source, key in pairs]
    assert hashes == native_definition.hash_ids(sources, keys)


@pytest.mark.parametrize("length", [*range(18), 23, 24, 25, 255, 256, 257, 1000])
def test_hash_id_is_that_of_pandas_for_names_of_every_length(length: int) -> None:
    keys = [0, 1, -1, 2**63 - 1, -(2**63), 2**31, -(2**31)]
    for letter in "aж\0\U0001f600":
        names = [letter * length] * len(keys)
        hashes = [hash_id(name, key) for name, key in zip(names, keys, strict=True)]
        assert hashes == native_definition.hash_ids(names, keys)


@pytest.mark.parametrize("key", [2**63, -(2**63) - 1])
def test_hash_id_refuses_a_key_of_more_than_64_bits(key: int) -> None:
    with pytest.raises(OverflowError):
        hash_id("shop", key)


def test_hash_id_refuses_a_name_that_is_no_unicode_text() -> None:
    with pytest.raises(ValueError, match="no Unicode text"):
        hash_id("\ud800", 1)


@pytest.mark.parametrize(
    ("unsigned", "signed"),
    [
        (0, 0),
        (2**63 - 1, 2**63 - 1),
        (2**63, -(2**63) + 1),  # Vertica's NULL gives way to its neighbour
        (2**63 + 1, -(2**63) + 1),
        (2**63 + 2, -(2**63) + 2),
        (2**64 - 1, -1),
    ],
)
def test_every_hash_becomes_an_integer_that_vertica_stores(
    unsigned: int, signed: int
) -> None:
    assert storable_hash(unsigned) == signed


@given(tables())
def test_the_row_hash_is_that_of_the_published_definition(
    table: tuple[list[Column], str, list[tuple[object, ...]]],
) -> None:
    columns, _, rows = table
    for row in rows:
        assert row_hash(columns, row) == native_definition.row_hash(columns, row)


def test_the_row_hash_is_xxh64_at_every_length() -> None:
    columns = [Column("v", "varchar", nullable=False, width=400)]
    for length in range(300):
        row = ("abcdefghij" * 30)[:length]
        expected = native_definition.row_hash(columns, [row])
        assert row_hash(columns, [row]) == expected


@pytest.mark.parametrize("count", [5, 6, 61, 62, 63, 64, 65, 100, 128, 129, 200])
def test_the_null_bitmap_seeds_the_row_hash_at_every_length(count: int) -> None:
    columns = [Column(f"c{i}", "bit", nullable=True) for i in range(count)]
    for step in (1, 2, 3, 63, 65):
        row = [None if i % step == 0 else i % 2 == 0 for i in range(count)]
        assert row_hash(columns, row) == native_definition.row_hash(columns, row)


def test_a_null_and_a_zero_have_different_row_hashes() -> None:
    columns = [Column(name, "bit", nullable=True) for name in "abc"]
    rows = [[None, False, False], [False, None, False], [False, False, None]]
    assert len({row_hash(columns, row) for row in rows}) == 3


def test_the_row_hash_does_not_depend_on_the_load() -> None:
    columns = [Column("id", "int", nullable=False)]
    rows = [(number,) for number in range(100)]
    first = NativeEncoder(columns, key="id", source="a", etl_id=1)
    second = NativeEncoder(columns, key="id", source="bb", etl_id=2)
    first.encode(rows)
    second.encode(rows[::-1])
    assert first.checksum == second.checksum
