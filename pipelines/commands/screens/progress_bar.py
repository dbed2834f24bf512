"""How far a run over a range is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from pipelines.runtime import is_json, ledger, print_line
from pipelines.text import Console

LOOK = 0.5
"""Seconds between two looks at what is done, on a terminal."""

LINE = 30.0
"""Seconds between two lines of a log."""


@contextmanager
def show_progress(what: str, days: int) -> Iterator[None]:
    """Show for the block how many days of shards have been done, on standard error.

    Args:
        what: What is done, such as the table.
        days: How many there are to do.
    """
    console = Console(stderr=True)
    ended = threading.Event()
    show = _bar if console.is_terminal and not is_json() else _lines
    thread = threading.Thread(
        target=show, args=(console, what, days, ended), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _bar(console: Console, what: str, days: int, ended: threading.Event) -> None:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
    )
    before, begun = ledger().progress()[0], time.monotonic()
    with Progress(
        *columns, console=console, auto_refresh=False, transient=True, expand=True
    ) as progress:
        bar = progress.add_task(what, total=days, rate="")
        over = False
        while not over:
            over = ended.wait(LOOK)
            done = ledger().progress()[0] - before
            rate = done / max(time.monotonic() - begun, 1e-3)
            progress.update(bar, completed=done, rate=f"{rate:,.0f}/s", refresh=True)


def _lines(_: Console, what: str, days: int, ended: threading.Event) -> None:
    (before, rows_before), begun = ledger().progress(), time.monotonic()
    while not ended.wait(LINE):
        done, rows = ledger().progress()
        done, rows = done - before, rows - rows_before
        rate = done / (time.monotonic() - begun)
        print_line(
            f"{what}: {done:,} of {days:,} days of shards, {rows:,} rows;"
            f" {rate:,.1f} a second{_left(days - done, rate)}",
            err=True,
        )


def _left(days: int, rate: float) -> str:
    if not rate:
        return ""
    minutes, seconds = divmod(round(days / rate), 60)
    hours, minutes = divmod(minutes, 60)
    return f", about {hours}:{minutes:02}:{seconds:02} left"
