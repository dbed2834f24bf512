"""Schedule expressions of EventBridge Scheduler.

Source: "Schedule types in EventBridge Scheduler" in its user guide. AWS refuses a wrong
one only when the stack is made, and no linter knows them.
"""

from __future__ import annotations

import re
from datetime import datetime

_MONTHS = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

_FIELDS = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 1, 7, _WEEKDAYS),
    ("year", 1970, 2199, ()),
)
_SPECIAL = {
    "day of the month": re.compile(r"L|(?:[1-9]|[12]\d|3[01])W|LW"),
    "day of the week": re.compile(
        r"L|(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(?:L|#[1-5])"
    ),
}
_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)")
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4


def schedule_fault(expression: str) -> str:
    """Why a schedule expression is wrong, or ""."""
    if found := re.fullmatch(r"cron\((.*)\)", expression):
        return _cron_fault(found[1].split())
    if found := re.fullmatch(r"at\((.*)\)", expression):
        return _moment_fault(found[1])
    if found := _RATE.fullmatch(expression):
        plural = int(found[1]) > 1
        return "" if plural == bool(found[3]) else "write 1 minute, but 2 minutes"
    return "write cron(…) with six fields, rate(…) or at(…)"


def _moment_fault(text: str) -> str:
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the zone is apart
    except ValueError:
        return "write at(YYYY-MM-DDTHH:MM:SS)"
    return ""


def _cron_fault(fields: list[str]) -> str:
    if len(fields) != len(_FIELDS):
        names = ", ".join(name for name, *_ in _FIELDS)
        return f"cron has {len(_FIELDS)} fields ({names}), not {len(fields)}"
    for text, (name, least, most, words) in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            if not _is_part(part, name, least, most, words):
                return f"{part!r} is no {name} ({least}-{most})"
    if (fields[_DAY_OF_MONTH] == "?") == (fields[_DAY_OF_WEEK] == "?"):
        return "one of day of the month and day of the week is ?, and one of them only"
    return ""


def _is_part(
    part: str, name: str, least: int, most: int, words: tuple[str, ...]
) -> bool:
    """Whether it is ``*``, ``?``, a value, a range, or one of them with a step."""
    special = _SPECIAL.get(name)
    if special and (part == "?" or special.fullmatch(part)):
        return True
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and 1 <= int(step) <= most):
        return False
    if span == "*":
        return True
    first, dash, last = span.partition("-")
    numbers = [
        _number(one, least, words) for one in ([first, last] if dash else [first])
    ]
    if not all(number is not None and least <= number <= most for number in numbers):
        return False
    return numbers == sorted(numbers, key=lambda number: number or 0)


def _number(text: str, least: int, words: tuple[str, ...]) -> int | None:
    if text.upper() in words:
        return words.index(text.upper()) + least
    return int(text) if text.isdecimal() else None
