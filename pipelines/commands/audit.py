"""`shardline audit`: who wished what, and how it ended."""

from __future__ import annotations

from pipelines.commands.verb_commands import verb_command
from pipelines.operations import AUDIT

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


audit = verb_command(AUDIT, "audit", HELP)
