"""By which time of the next day a day must be complete."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FORM = re.compile(r"(\d\d:\d\d) (\S+)")


@dataclass(frozen=True)
class DueTime:
    """A time of day in a time zone, such as ``08:00 Europe/Moscow``."""

    time: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one.

        Raises:
            ValueError: It is not written so; the message says how.
        """
        form = _FORM.fullmatch(text.strip())
        # A name of tz's folders, such as Europe, is an OSError.
        with suppress(ValueError, OSError, ZoneInfoNotFoundError):
            if form:
                return cls(time.fromisoformat(form[1]), ZoneInfo(form[2]))
        raise ValueError(
            "not a time of day and a time zone: write for example 08:00 Europe/Moscow"
        )

    def of(self, day: date) -> datetime:
        """The moment by which a day must be complete, on the day after it."""
        after = day + timedelta(days=1)
        return datetime.combine(after, self.time, self.zone).astimezone(UTC)

    def days_due(self, now: datetime, count: int) -> list[date]:
        """The latest days whose moment has passed, oldest first."""
        day = now.astimezone(self.zone).date()
        while self.of(day) > now:
            day -= timedelta(days=1)
        return [day - timedelta(days=back) for back in range(count - 1, -1, -1)]

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.time:%H:%M} {self.zone.key}"
