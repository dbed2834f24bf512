"""How long listings of the ETL database take when it has a year: 1,000,000 rows each.

    python -m benchmarks.listings
    python -m benchmarks.listings postgresql+psycopg://USER:PASSWORD@HOST/EMPTY

Without an address the database is an SQLite file that is removed afterwards.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from pydantic import SecretStr
from sqlalchemy import Engine, func, insert, select

from benchmarks.job_listings import fill_jobs, job_listings
from pipelines.etl_db import audit_table, etl_engine
from pipelines.operations import AuditFilter, digest_of, list_audit
from pipelines.text import Console

ROWS = 1_000_000
BATCH = 10_000
ROUNDS = 7
SHOWN = 20

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
STEP = timedelta(days=365) / ROWS
DAY = (FIRST + timedelta(days=200)).date()

VERBS = ("run", "backfill", "refresh", "status", "why", "acknowledge")
RARE_VERB, RARE = "people revoke", 50_000
"""A verb, and of how many wishes one is of it; so often are wishes refused, too."""

AUDIT_LISTINGS = {
    "newest": AuditFilter(),
    "of one person": AuditFilter(who="person 7"),
    "of one who wished once": AuditFilter(who="shell:once"),
    "of one verb": AuditFilter(verb="run"),
    "of a rare verb": AuditFilter(verb=RARE_VERB),
    "refused": AuditFilter(refused=True),
    "of one day": AuditFilter(day=DAY),
    "of one day, person and verb": AuditFilter(who="person 7", verb="run", day=DAY),
    "of one person, of a rare verb": AuditFilter(who="person 7", verb=RARE_VERB),
    "of nobody, of a common verb": AuditFilter(who="nobody", verb="run"),
    "a page in the middle": AuditFilter(before=ROWS // 2 + 1),
    "a person's page in the middle": AuditFilter(who="person 7", before=ROWS // 2 + 1),
}


def main() -> None:
    """Fill, measure and show."""
    with tempfile.TemporaryDirectory() as folder:
        own = f"sqlite:///{Path(folder) / 'etl.db'}"
        engine = etl_engine(SecretStr(sys.argv[1] if sys.argv[1:] else own))
        console = Console()
        fill_audit(engine)
        console.print(f"{engine.dialect.name}, {ROWS:,} rows of the audit")
        for name, which in AUDIT_LISTINGS.items():
            milliseconds, found = measured(partial(list_audit, engine, which, SHOWN))
            console.print(f"{milliseconds:8.1f} ms  {found:3} found  {name}")
        fill_jobs(engine, ROWS)
        console.print(f"{engine.dialect.name}, {ROWS:,} jobs")
        for name, listing in job_listings(engine, ROWS, SHOWN).items():
            milliseconds, found = measured(listing)
            console.print(f"{milliseconds:8.1f} ms  {found:3} found  {name}")


def measured(listing: Callable[[], Sequence[object]]) -> tuple[float, int]:
    """The median of some times in milliseconds, and how much is listed."""
    times, found = [], 0
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        found = len(listing())
        times.append((time.perf_counter() - begin) * 1000)
    return median(times), found


def fill_audit(engine: Engine) -> None:
    """Write a year of wishes, each with its end, unless there is one."""
    with engine.connect() as connection:
        if connection.scalar(select(func.count()).select_from(audit_table)):
            return
    batch: list[dict[str, object]] = []
    for row in _audit_rows():
        batch.append(row)
        if len(batch) == BATCH:
            with engine.begin() as connection:
                connection.execute(insert(audit_table), batch)
            batch.clear()


def _audit_rows() -> Iterator[dict[str, object]]:
    """Wishes, each followed by its end."""
    chosen = random.Random(0)  # noqa: S311 - no secret
    for number in range(1, ROWS, 2):
        is_rare = number // 2 % RARE == 0
        person = chosen.randrange(30)
        plan = f"{chosen.randrange(500)} extracts, about {chosen.randrange(90)} minutes"
        wish = {
            "who": "shell:once" if number == 1 else f"person {person}",
            "identity": f"telegram:{person}",
            "place": "chat:-1001234567890",
            "verb": RARE_VERB if is_rare else chosen.choice(VERBS),
            "arguments": "--from 2019-03-01 --to 2019-03-31 --tables orders",
            "allowed": not is_rare,
            "plan": plan,
            "plan_digest": digest_of(plan),
            "detail": "",
        }
        end = {"of": number, "ending": "done", "detail": ""}
        for at, row in enumerate((wish, end), number):
            empty = dict.fromkeys((*wish, *end))
            yield {**empty, "number": at, "moment": FIRST + at * STEP, **row}


if __name__ == "__main__":
    main()
