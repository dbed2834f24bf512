"""Figures as tables, for a terminal and for a document."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from os import sched_getaffinity
from pathlib import Path

from rich.table import Table

PACKAGES = ("pandas", "pymssql", "vertica-python", "mssql-python", "python-tds")


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: What it shows, and what is counted.
        head: The columns' titles; all but the first hold numbers.
        rows: The cells.
        notes: What has to be said beside it, a sentence each.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def rich(self) -> Table:
        """For a terminal."""
        table = Table(
            title=self.title,
            title_justify="left",
            caption="\n".join(self.notes) or None,
            caption_justify="left",
        )
        for at, title in enumerate(self.head):
            table.add_column(title, justify="right" if at else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For a document."""
        ruler = ["---", *["---:"] * (len(self.head) - 1)]
        lines = (f"| {' | '.join(row)} |" for row in (self.head, ruler, *self.rows))
        notes = "".join(f"\n{note}\n" for note in self.notes)
        return f"{self.title}:\n\n" + "\n".join(lines) + "\n" + notes


def machine(rounds: int) -> str:
    """Where, when and with what it was measured, in one line."""
    versions = (f"{name} {found}" for name in PACKAGES if (found := _version(name)))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()},"
        f" {len(sched_getaffinity(0))} cores, Python {platform.python_version()},"
        f" {', '.join(versions)}; medians, rounds: {rounds}"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def processor() -> str:
    """The processor's name in /proc/cpuinfo, where there is one."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
