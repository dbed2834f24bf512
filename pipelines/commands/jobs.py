"""`shardline jobs`: long operations, and who works on them."""

from __future__ import annotations

import click

from pipelines.commands.verb_commands import verb_command
from pipelines.config import WAREHOUSE, JobsOptions, Settings, read_settings
from pipelines.etl_db import etl_engine
from pipelines.jobs import Timing, Worker, serve_figures
from pipelines.operations import (
    JOBS_CANCEL,
    JOBS_LIST,
    JOBS_RETRY,
    JOBS_SHOW,
    audited_queue,
)
from pipelines.runtime import stopper

FORCE = 5.0
"""Seconds after `[run] grace` until a job that does not end is killed."""

WRITING = 5.0
"""Seconds that a worker then has to put its jobs back."""

LIST_HELP = """List jobs, newest first: number, state, since when, who, what, how far.

    \b
    Examples:
      shardline jobs list
      shardline jobs list --state failed --limit 5
      shardline jobs list --before 120
      shardline jobs list --json | jq '.[] | select(.attempt > 1) | .number'

    A job is `queued`, `running`, or over: `succeeded`, `failed` or `cancelled`. One
    that is queued may wait for another run, which is at the same.

    \b
    Exit codes:
       0  they are listed, if there are any
       2  wrong usage or configuration
      30  the ETL database cannot be read
    """

SHOW_HELP = """Show all that is known of job NUMBER, with the end of what it wrote.

    \b
    Examples:
      shardline jobs show 12
      shardline jobs show 12 --json | jq -r .report

    \b
    Exit codes:
       0  it is shown
       2  wrong usage or configuration, or there is no such job
      30  the ETL database cannot be read
    """

CANCEL_HELP = """Have job NUMBER end: at once if it waits, in order if it runs.

    A running job hears of it within some seconds, and ends as after SIGTERM: what it
    has loaded stays, what it was at is rolled back.

    \b
    Example:
      shardline jobs cancel 12

    \b
    Exit codes:
       0  it is cancelled, or told to end
       2  wrong usage or configuration, there is no such job, or it is over
      30  the ETL database cannot be used
    """

RETRY_HELP = """Queue job NUMBER again, which failed or was cancelled.

    One that waits until it is tried again need not wait any more.

    \b
    Example:
      shardline jobs retry 12

    \b
    Exit codes:
       0  it is queued
       2  wrong usage or configuration, there is no such job, it runs, has succeeded,
          or another one for the same is open
      30  the ETL database cannot be used
    """

WORK_HELP = """Work on jobs, each as a process of its own, until told to end.

    Any number of workers may be at work, on any hosts that share the ETL database. Told
    to end by SIGTERM, one ends its jobs in order and puts them back, for the next to
    begin again. What is loaded stays.

    \b
    Examples:
      shardline jobs work
      shardline jobs work --workers 3
      shardline jobs work --drain

    \b
    Exit codes:
       0  with --once or --drain, there is no more to do; whether jobs have failed is
          theirs to tell
       2  wrong usage or configuration
      30  the ETL database cannot be used at the start; later it is waited for
     130  interrupted
     143  told to end by SIGTERM
    """


@click.group()
def jobs() -> None:
    """Long operations that wait, run or are over; who works on them."""


jobs.add_command(verb_command(JOBS_LIST, "list", LIST_HELP))
jobs.add_command(verb_command(JOBS_SHOW, "show", SHOW_HELP))
jobs.add_command(verb_command(JOBS_CANCEL, "cancel", CANCEL_HELP))
jobs.add_command(verb_command(JOBS_RETRY, "retry", RETRY_HELP))


@jobs.command(help=WORK_HELP)
@click.option(
    "--workers",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many jobs at a time.",
)
@click.option("--once", is_flag=True, help="End after one job, or if there is none.")
@click.option("--drain", is_flag=True, help="End when no job waits.")
def work(workers: int, once: bool, drain: bool) -> None:
    """Work on jobs."""
    options = read_settings()
    queue = audited_queue(etl_engine(options.sessions.database))
    if options.jobs.port:
        serve_figures(queue, options.jobs.port)
    timing = _timing(options)
    stopper().grace = timing.grace + WRITING
    worker = Worker(queue, timing, _limits(options), stopper().stopped)
    with stopper().shielded():
        worker.work(workers, once=once, drain=drain)
    stopper().check()


def _timing(options: Settings) -> Timing:
    jobs_: JobsOptions = options.jobs
    return Timing(
        lease=jobs_.lease,
        beat=jobs_.beat,
        poll=jobs_.poll,
        backoff=jobs_.backoff,
        grace=options.run.grace + FORCE,
    )


def _limits(options: Settings) -> dict[str, int]:
    servers = dict.fromkeys(options.servers, options.jobs.per_server)
    return {**servers, WAREHOUSE: options.jobs.per_warehouse}
