"""`shardline audit`: who wished what, and how it ended."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click

from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.options import DAY
from pipelines.config import read_session_options
from pipelines.etl_db import etl_engine
from pipelines.operations import AuditEntry, AuditFilter, list_audit
from pipelines.runtime import print_json, say

HELP = """List who wished what, from where, with which plan, and how it ended.

    Newest first, a line each: number, time in UTC, who, place, verb with arguments,
    state, plan. The state is `refused`, or how it ended: `done`, `failed` or
    `interrupted`; `no end told` while it goes on, and for good if its process was
    killed. Rows are never changed, and never deleted.

    \b
    Examples:
      shardline audit
      shardline audit --last 100 --who 'Anna Ivanova'
      shardline audit --refused --day 2026-12-01
      shardline audit --verb backfill --before 4711
      shardline audit --json | jq '.[] | select(.ending == "failed")'

    \b
    Exit codes:
       0  they are listed, if there are any
       2  wrong usage or configuration
      30  the ETL database cannot be read
    """


@click.command(cls=AlsoOnEcs, help=HELP)
@click.option(
    "--last",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    metavar="N",
    help="How many are listed, at most.",
)
@click.option(
    "--before",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Only those before this one, for the next page.",
)
@click.option(
    "--who",
    metavar="NAME",
    help="Of a person, by name, or by an identity such as shell:root of whoever has"
    " none.",
)
@click.option("--verb", metavar="NAME", help="Of one verb, such as backfill.")
@click.option("--refused", is_flag=True, help="Only what was refused.")
@click.option("--day", type=DAY, metavar="YYYY-MM-DD", help="Of one day, in UTC.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(
    last: int,
    before: int | None,
    who: str | None,
    verb: str | None,
    refused: bool,
    day: datetime | None,
    as_json: bool,
) -> None:
    """List the audit."""
    which = AuditFilter(who, verb, refused, day.date() if day else None, before)
    found = list_audit(etl_engine(read_session_options().database), which, last)
    if as_json:
        print_json([_fields(entry) for entry in found])
        return
    for entry in found:
        say(
            *(f"#{entry.number}", f"{entry.moment:%Y-%m-%d %H:%M:%S}"),
            *(_who(entry), entry.place),
            *(f"{entry.verb} {entry.arguments}".strip(), _state(entry), entry.plan),
        )


def _who(entry: AuditEntry) -> str:
    if entry.who == entry.identity:
        return entry.who
    return f"{entry.who} ({entry.identity})"


def _state(entry: AuditEntry) -> str:
    state = entry.ending or ("no end told" if entry.allowed else "refused")
    return f"{state}: {entry.detail}" if entry.detail else state


def _fields(entry: AuditEntry) -> dict[str, object]:
    fields = asdict(entry)
    for name, value in fields.items():
        if isinstance(value, datetime):
            fields[name] = value.isoformat()
    return fields
