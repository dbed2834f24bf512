"""Days that follow each other: what one extract reads and one COPY loads of a shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from pipelines.catalog.days import ONE_DAY


@dataclass(frozen=True)
class Bounds:
    """How much one group may hold.

    Attributes:
        days: Most days, from 1.
        rows: Most rows that are expected; a day that has more is a group of its own.
    """

    days: int
    rows: int


@dataclass(frozen=True, order=True)
class DayRange:
    """Days one after the other, both ends included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        """Each of its days, in order."""
        return (self.first + at * ONE_DAY for at in range(len(self)))

    def __len__(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        """How it is called in messages."""
        return str(self.first) if len(self) == 1 else f"{self.first} to {self.last}"


def group_days(
    days: Iterable[date], rows_a_day: float, bounds: Bounds
) -> list[DayRange]:
    """The fewest groups of consecutive days that keep within the bounds.

    Args:
        days: The missing days of one shard, in any order; repeats count once.
        rows_a_day: How many rows a day is expected to have; 0 if nobody knows.
        bounds: How much a group may hold.

    Returns:
        The groups, oldest first. Each day is in exactly one; none has other days.
    """
    most = bounds.days
    if rows_a_day > 0:
        most = max(1, int(min(most, bounds.rows / rows_a_day)))
    found: list[DayRange] = []
    for day in sorted(set(days)):
        group = found[-1] if found else None
        if group and day - group.last == ONE_DAY and len(group) < most:
            found[-1] = DayRange(group.first, day)
        else:
            found.append(DayRange(day, day))
    return found


def consecutive_days(
    days: Iterable[date], key: Callable[[date], object]
) -> Iterator[DayRange]:
    """Days that follow each other and have an equal key.

    Args:
        days: In order, each once.
        key: What must be equal.
    """
    run: DayRange | None = None
    for day in days:
        if run and day - run.last == ONE_DAY and key(day) == key(run.last):
            run = DayRange(run.first, day)
            continue
        if run:
            yield run
        run = DayRange(day, day)
    if run:
        yield run
