"""The `shardline` command."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import click

from pipelines import (
    __version__,
    backfill_commands,
    catalog,
    checks,
    failures,
    listing,
    logs,
    metrics,
    runner,
    settings,
)
from pipelines.alerts.commands import alerts
from pipelines.backfill_commands import backfill_command
from pipelines.backfill_work import Load
from pipelines.clear_commands import clear
from pipelines.deadline_command import deadlines
from pipelines.exit_codes import ExitCode
from pipelines.how_options import how_options
from pipelines.plan_commands import plan_command
from pipelines.report_commands import refresh, render
from pipelines.rounds import How
from pipelines.runner import DayReport
from pipelines.selection import select
from pipelines.status_commands import status
from pipelines.verify_commands import verify_command

T = TypeVar("T")

RUN_HELP = """Load days of TABLES from every shard, each once; `all` is every table.

    \b
    Examples:
      shardline run all --date 2019-03-14 --workers 4
      shardline run orders calls --date 2019-03-14 --date 2019-03-15
      shardline run orders --date 2019-03-14 --shard moscow --shard kazan
      shardline run orders --from 2019-03-01 --to 2019-03-31 --workers 4
      shardline run orders --date 2019-03-14 --recheck-days 3

    What is in the warehouse already is left alone, so a run may be repeated at any
    time. One line tells how each day ended, and one line names each failure: shard,
    day, cause and what to do next.

    \b
    Exit codes:
       0  every shard asked for is complete
       2  wrong usage or configuration; nothing was started
      10  what is missing is being loaded by another run
      20  a day is not over yet in some shard's time zone
      25  luigid keeps something for another run, or did not let it run
      30  something failed
      35  something could not be scheduled
     130  interrupted
     143  told to end by SIGTERM
    """


CONNECTIONS_HELP = """List the connections, or some by NAME, and where each is from.

    \b
    Examples:
      shardline connections
      shardline connections --test
      shardline connections warehouse mail --test --json

    A connection is looked for in the environment variable SHARDLINE_CONNECTION_NAME,
    then as the file NAME in the folder that SHARDLINE_SECRETS names, then in
    [connections] of luigi.cfg, then in its section there. Secrets are shown as ***.

    \b
    Exit codes:
       0  with --test: every address answers
       2  wrong usage, or a connection is malformed
      30  with --test: an address does not answer
    """


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="shardline")
@click.option(
    "--log-format",
    type=click.Choice(logs.FORMS),
    default="human",
    show_default=True,
    envvar=logs.VARIABLE,
    show_envvar=True,
    help="How to log: lines for people, or one JSON object a line.",
)
def cli(log_format: str) -> None:
    """Sharded SQL Server into Vertica, every day, exactly once.

    Options are read from luigi.cfg in this folder, and from the file that
    LUIGI_CONFIG_PATH names.
    """
    logs.set_up(log_format)


cli.add_command(alerts)
cli.add_command(backfill_command)
cli.add_command(clear)
cli.add_command(deadlines)
cli.add_command(plan_command)
cli.add_command(refresh)
cli.add_command(render)
cli.add_command(status)
cli.add_command(verify_command)


@cli.command(help=RUN_HELP)
@click.argument("tables", nargs=-1, required=True)
@click.option(
    "--date",
    "days",
    type=click.DateTime(["%Y-%m-%d"]),
    multiple=True,
    metavar="YYYY-MM-DD",
    help="A day to load; may be given several times.",
)
@click.option(
    "--from",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The first day of a range, as of `shardline backfill`.",
)
@click.option(
    "--to",
    "last",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The last day of a range, included.",
)
@click.option(
    "--shard",
    "shards",
    multiple=True,
    metavar="NAME",
    help="A shard to load, instead of all; may be given several times.",
)
@click.option(
    "--recheck-days",
    type=click.IntRange(0, 366),
    help="Compare so many days before each with their shards, and load again what has"
    " changed; by default as many as the table's entry says.",
)
@how_options
def run(
    tables: tuple[str, ...],
    days: tuple[datetime, ...],
    first: datetime | None,
    last: datetime | None,
    shards: tuple[str, ...],
    recheck_days: int | None,
    how: How,
) -> None:
    """Load days of some tables."""
    options = settings.read()
    if options.sessions.is_file and not how.local_scheduler:
        click.echo(settings.ONE_FILE_EACH, err=True)
    for lacking in options.connections.unset():
        click.echo(f"warning: {lacking}; nothing is sent through it", err=True)
    dates = _unique([day.date() for day in days])
    chosen_tables = _named(tables, options.catalog)
    code = 0
    with metrics.published(chosen_tables, options) as figures:
        if first and last and not dates:
            ranges = [(first.date(), last.date())]
        elif dates and not first and not last:
            ranges = [(day, day) for day in dates]
            for report in runner.run(
                chosen_tables, dates, _unique(shards), options, how
            ):
                _tell(report)
                code = max(code, report.exit_code)
        else:
            raise click.UsageError("give days by --date, or a range by --from and --to")
        names = () if catalog.ALL in tables else tables
        for begin, end in ranges:
            chosen = select(options.catalog, names, shards, begin, end)
            if not dates:
                code = backfill_commands.run(chosen, options, how, Load())
            earlier = backfill_commands.recheck(chosen, recheck_days, options, how)
            code = max(code, earlier)
        figures.code = ExitCode(code)
    sys.exit(code)


@cli.command()
def tables() -> None:
    """List the tables of the catalog and their targets."""
    for table in settings.read().catalog.tables.values():
        click.echo(f"{table.name}\t{table.target}")


@cli.command()
def shards() -> None:
    """List the shards of the catalog: name, server, database, time zone."""
    for shard in settings.read().catalog.shards.values():
        click.echo("\t".join(shard.model_dump().values()))


@cli.command(help=CONNECTIONS_HELP)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--test", is_flag=True, help="Log in at each address and tell how it went."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def connections(names: tuple[str, ...], test: bool, as_json: bool) -> None:
    """List the connections, and test them."""
    found = listing.connections(settings.read(), names)
    addresses = [address for one in found for address in one.addresses]
    answers = list(checks.check_all(addresses)) if test else []
    if as_json:
        click.echo(json.dumps(listing.as_json(found, answers), indent=2))
    else:
        lines = listing.test_table(found, answers) if test else listing.table(found)
        click.echo("\n".join(lines))
    if any(one.fault for one in found):
        sys.exit(2)
    sys.exit(0 if all(answer.ok for answer in answers) else 30)


def _named(names: Sequence[str], known: catalog.Catalog) -> list[catalog.Table]:
    if catalog.ALL in names:
        return list(known.tables.values())
    return [known.table(name) for name in _unique(names)]


def _tell(report: DayReport) -> None:
    day = {"table": report.table, "day": str(report.day)}
    for line in failures.shown(report.warnings):
        logs.say(line, day, level=logging.WARNING, err=True)
    for line in failures.shown(report.failures):
        logs.say(line, day, level=logging.ERROR, err=True)
    code = int(report.exit_code)
    logs.say(str(report), {**day, "rows": report.rows, "exit_code": code})


def _unique(values: Sequence[T]) -> list[T]:
    return list(dict.fromkeys(values))
