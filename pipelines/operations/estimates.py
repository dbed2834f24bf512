"""How what is expected is told to people."""

from __future__ import annotations

from pipelines.planning import Expected

MINUTE = 60

NOTHING = Expected(0, 0)


def format_expected(expected: Expected, workers: int = 1) -> str:
    """What some loads are expected to come to."""
    if expected.rows is None:
        return "rows and time unknown: nothing was loaded of them yet"
    each = "one worker" if workers == 1 else f"{workers} workers"
    time = format_time(expected.seconds, workers)
    return f"about {format_rows(expected.rows)} rows, about {time} for {each}"


def format_rows(rows: float | None) -> str:
    """An expected number of rows."""
    return "unknown" if rows is None else f"{rows:,.0f}"


def format_time(seconds: float | None, workers: int = 1) -> str:
    """An expected time, if so many workers share the work."""
    if seconds is None:
        return "unknown"
    whole = round(seconds / workers)
    hours, minutes = divmod(whole // MINUTE, MINUTE)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min" if whole >= 2 * MINUTE else f"{whole} s"
