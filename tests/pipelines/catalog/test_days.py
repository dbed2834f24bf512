from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.catalog import day_ready_at, is_day_ready

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "zone", "ends"),
    [
        (date(2019, 3, 14), "Europe/Moscow", datetime(2019, 3, 14, 21, tzinfo=UTC)),
        (date(2019, 3, 14), "Asia/Magadan", datetime(2019, 3, 14, 13, tzinfo=UTC)),
        (date(2019, 3, 14), "Africa/Cairo", datetime(2019, 3, 14, 22, tzinfo=UTC)),
        # The night in which Berlin's clocks go forward: the day has 23 hours.
        (date(2019, 3, 31), "Europe/Berlin", datetime(2019, 3, 31, 22, tzinfo=UTC)),
        (date(2019, 3, 30), "Europe/Berlin", datetime(2019, 3, 30, 23, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_midnight_of_the_shards_own_clock(
    day: date, zone: str, ends: datetime
) -> None:
    assert day_ready_at(day, zone, timedelta()) == ends


def test_a_day_may_be_loaded_once_it_has_ended_and_settled() -> None:
    ends = datetime(2019, 3, 14, 21, tzinfo=UTC)
    day = date(2019, 3, 14)

    def ended(now: datetime) -> bool:
        return is_day_ready(day, "Europe/Moscow", HOUR, now)

    assert not ended(ends)
    assert not ended(ends + HOUR - timedelta(microseconds=1))
    assert ended(ends + HOUR)


@pytest.mark.parametrize("zone", ["Europe/Moscow", "America/New_York", "Asia/Magadan"])
def test_the_first_and_the_last_day_there_is_are_answered(zone: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_day_ready(date.min, zone, HOUR, now)
    assert not is_day_ready(date.max, zone, HOUR, now)
