"""The tables of docs/errors.md as the code has them.

``python -m tests.kit.error_tables`` writes them there.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.runtime import ErrorTable
from pipelines.source.known_errors import SQL_SERVER_ERRORS
from pipelines.warehouse.known_errors import VERTICA_ERRORS

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
TABLES = {"numbers": SQL_SERVER_ERRORS, "SQLSTATEs": VERTICA_ERRORS}


def rendered(page: str) -> str:
    """The page with its tables made anew."""
    for codes, table in TABLES.items():
        before, head, rest = page.partition(f"| {codes} |")
        assert head, f"the page has no table of {codes}"
        after = re.split(r"\n(?!\|)", rest, maxsplit=1)[1]
        page = f"{before}{_table(codes, table)}\n{after}"
    return page


def _table(codes: str, table: ErrorTable) -> str:
    rows = [
        f"| {', '.join(row.codes.split())} | {row.meaning} | {row.verdict.value}"
        f" | {row.why} | {row.source} |"
        for row in table.rows
    ]
    head = f"| {codes} | what it is | what is done | why | known from |"
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
