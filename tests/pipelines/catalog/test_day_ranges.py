"""Days are grouped by what follows each other, within bounds."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipelines.catalog import Bounds, DayRange, group_days

DAYS = st.lists(st.dates(date(2018, 12, 1), date(2019, 3, 1)), max_size=80)
BOUNDS = st.builds(Bounds, days=st.integers(1, 40), rows=st.integers(1, 10_000))


def day(number: int) -> date:
    return date(2019, 1, 1) + timedelta(days=number)


@given(DAYS, st.floats(0, 20_000), BOUNDS)
def test_each_day_is_in_one_group_and_no_group_is_too_large(
    days: list[date], rows: float, bounds: Bounds
) -> None:
    found = group_days(days, rows, bounds)
    assert [one for group in found for one in group] == sorted(set(days))
    for group in found:
        assert 1 <= len(group) <= bounds.days
        assert len(group) == 1 or len(group) * rows <= bounds.rows


@given(DAYS, st.floats(0, 20_000), BOUNDS)
def test_no_two_groups_could_be_one(
    days: list[date], rows: float, bounds: Bounds
) -> None:
    found = group_days(days, rows, bounds)
    for group, after in pairwise(found):
        if after.first - group.last == timedelta(days=1):
            more = len(group) + 1
            assert more > bounds.days or more * rows > bounds.rows


def test_gaps_part_groups_and_history_bounds_them() -> None:
    days = [day(at) for at in (4, 0, 1, 2, 6, 5)]
    assert group_days(days, 0, Bounds(days=31, rows=1)) == [
        DayRange(day(0), day(2)),
        DayRange(day(4), day(6)),
    ]
    assert [len(one) for one in group_days(days, 400, Bounds(31, 1_000))] == [
        2,
        1,
        2,
        1,
    ]
    assert [len(one) for one in group_days(days, 5_000, Bounds(31, 1_000))] == [1] * 6
