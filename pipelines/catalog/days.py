"""When a shard's day has ended, and may be loaded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipelines.errors import NotReadyError

ONE_DAY = timedelta(days=1)


def day_ready_at(day: date, time_zone: str, settle: timedelta) -> datetime:
    """The moment from which a day may be loaded.

    Args:
        day: The day, as the shard's own clocks count it.
        time_zone: The shard's time zone, by its name in the tz database.
        settle: How long the day is left alone after its end.

    Returns:
        The midnight that ends the day there, and `settle` more, in UTC; the last
        moment there is if that is later.
    """
    try:
        midnight = datetime.combine(day + ONE_DAY, time(), ZoneInfo(time_zone))
        return midnight.astimezone(UTC) + settle
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def day_not_over(time_zone: str, ready: datetime) -> NotReadyError:
    """The error of a day that may be loaded from the moment `ready` on."""
    return NotReadyError(
        f"the day is not over in {time_zone}",
        step=f"run it again after {ready:%Y-%m-%d %H:%M} UTC",
    )


def half_open(first: date, last: date) -> tuple[datetime, datetime]:
    """The moments between which some days are: `start` <= moment < `stop`.

    Args:
        first: The first day.
        last: The last day, included.
    """
    return datetime.combine(first, time()), datetime.combine(last, time()) + ONE_DAY


def is_day_ready(
    day: date, time_zone: str, settle: timedelta, now: datetime | None = None
) -> bool:
    """Whether a day may be loaded; `now` is by default the clock's."""
    return (now or datetime.now(UTC)) >= day_ready_at(day, time_zone, settle)


def last_day_over(
    time_zones: Iterable[str], settle: timedelta, now: datetime | None = None
) -> date:
    """The last day that may be loaded in each of some time zones."""
    settled = (now or datetime.now(UTC)) - settle
    today = min(settled.astimezone(ZoneInfo(zone)).date() for zone in time_zones)
    return today - ONE_DAY
