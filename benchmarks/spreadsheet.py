"""A spreadsheet of a million rows: XLSX where XlsxWriter is installed, else CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROWS = 1_000_000
HEADS = ("id", "city", "orders", "mean duration", "share")


def kind() -> str:
    """What is written."""
    return "xlsx" if find_spec("xlsxwriter") else "csv"


def write_spreadsheet(path: Path) -> None:
    """Write it."""
    if kind() == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((HEADS, *_rows()))
        return
    from xlsxwriter import Workbook  # type: ignore[import-not-found] # noqa: PLC0415 - may not be there

    with Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((HEADS, *_rows())):
            sheet.write_row(number, 0, row)


def _rows() -> Iterator[tuple[object, ...]]:
    for at in range(ROWS):
        yield at, f"city {at % 150}", at * 7 % 1000, at % 97 / 7, at % 89 / 89
