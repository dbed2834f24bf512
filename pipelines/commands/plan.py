"""`shardline plan`: what is there, what is missing, what a run would do."""

from __future__ import annotations

import click
from rich.table import Table

from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.verb_options import verb_options
from pipelines.config import current_settings
from pipelines.operations import (
    HEADS,
    PlanArguments,
    plan_fields,
    plan_lines,
    plan_rows,
    read_plan,
)
from pipelines.planning import Plan
from pipelines.runtime import print_json
from pipelines.text import Console, visible

HELP = """Show what of some days is loaded, what is missing, and what a run would do.

    \b
    Examples:
      shardline plan --from 2019-03-01 --to 2019-03-31
      shardline plan --from 2019-01-01 --to 2019-12-31 --tables orders --shards 'm*'
      shardline plan --from 2019-03-14 --to 2019-03-14 --json | jq .missing

    Nothing is loaded or changed. The columns count days of shards: `complete` has
    rows, `skipped` had none, `missing` would be loaded, `not over` has to wait for the
    end of the day where the shard is. Days that follow each other are read by one
    extract and loaded by one COPY. Rows and time are the medians of the loads before;
    the time is that of one worker, unless --workers says how many there are.

    A report is stale when something else is loaded now than it was refreshed from;
    `shardline refresh` mends that.

    \b
    Exit codes:
       0  the plan is shown, whatever it says
       2  wrong usage or configuration
      30  the warehouse or the session log cannot be read
    """


@click.command("plan", cls=AlsoOnEcs, help=HELP)
@verb_options(PlanArguments)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan_command(arguments: PlanArguments, as_json: bool) -> None:
    """Show what a run would do."""
    found = read_plan(current_settings(), arguments)
    if as_json:
        print_json(plan_fields(found, arguments))
        return
    console = Console()
    console.print(_table(found, arguments.workers))
    for line in plan_lines(found, arguments):
        console.print(visible(line), soft_wrap=True)


def _table(found: Plan, workers: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(HEADS[0], overflow="fold")
    for head in HEADS[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for row in plan_rows(found, workers):
        table.add_row(*row)
    return table
