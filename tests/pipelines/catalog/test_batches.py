"""Batches are bounded by their rows and by their octets, and lose nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.catalog import BatchSize, in_batches

ROWS = st.lists(st.tuples(st.integers(), st.none() | st.text(max_size=9_000)))


@given(ROWS, st.integers(1, 9), st.integers(1, 20_000))
def test_no_batch_has_more_than_it_may_but_for_its_last_row(
    rows: list[tuple[int, str | None]], most_rows: int, most_octets: int
) -> None:
    batches = list(in_batches(iter(rows), BatchSize(most_rows, most_octets), [1]))
    assert [row for batch in batches for row in batch] == rows
    for batch in batches:
        assert 0 < len(batch) <= most_rows
        assert sum(len(text or "") for _, text in batch[:-1]) < most_octets


@given(st.lists(st.tuples(st.integers())), st.integers(1, 9))
def test_rows_without_what_may_be_large_are_only_counted(
    rows: list[tuple[int]], most: int
) -> None:
    batches = list(in_batches(iter(rows), BatchSize(most, 1), []))
    assert [row for batch in batches for row in batch] == rows
    assert {len(batch) for batch in batches[:-1]} <= {most}


def test_rows_are_read_no_further_than_a_batch_needs() -> None:
    read = []

    def rows() -> object:
        for number in range(10):
            read.append(number)
            yield (b"x" * 100,)

    next(in_batches(rows(), BatchSize(1_000, 250), [0]))  # type: ignore[arg-type]
    assert read == [0, 1]
