"""When a shard's day has ended, and may be loaded."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def end_of_day(day: date, time_zone: str) -> datetime:
    """The moment a day ends where the clocks show that time zone.

    Args:
        day: The day, as the shard's own clocks count it.
        time_zone: Its name in the tz database.

    Returns:
        The first moment of the next day, in UTC. For the last day that a date can
        hold, the last moment there is.
    """
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(time_zone))
    return midnight.astimezone(UTC)


def has_ended(
    day: date, time_zone: str, *, settle: timedelta, now: datetime | None = None
) -> bool:
    """Whether a day ended at least `settle` ago.

    Args:
        day: The day, as the shard's own clocks count it.
        time_zone: The shard's time zone.
        settle: How long the day is left alone after its end.
        now: The present moment, aware; by default, the clock's.
    """
    present = now or datetime.now(UTC)
    return present - settle >= end_of_day(day, time_zone)
