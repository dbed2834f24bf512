"""`shardline jobs`: long operations, and who works on them."""

from __future__ import annotations

import json
from datetime import datetime

import click

from pipelines.commands.in_audit import wish_of_command
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.config import (
    WAREHOUSE,
    JobsOptions,
    Settings,
    read_session_options,
    read_settings,
)
from pipelines.etl_db import etl_engine
from pipelines.jobs import (
    Job,
    JobFilter,
    JobQueue,
    JobState,
    Timing,
    Worker,
    serve_figures,
)
from pipelines.operations import audited_change, audited_queue, shell_caller
from pipelines.runtime import print_json, say, say_exactly, stopper

MINUTE_FORMAT = "%Y-%m-%d %H:%M"

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

as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="As JSON, for programs."
)


@click.group()
def jobs() -> None:
    """Long operations that wait, run or are over; who works on them."""


@jobs.command("list", cls=AlsoOnEcs, help=LIST_HELP)
@click.option(
    "--state", type=click.Choice([str(state) for state in JobState]), help="Only these."
)
@click.option("--verb", metavar="VERB", help="Only those that do this.")
@click.option("--asker", metavar="NAME", help="Only those that this one asked for.")
@click.option("--before", type=int, metavar="NUMBER", help="Only lower numbers.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="How many at most.",
)
@as_json_option
def list_(
    state: str | None,
    verb: str | None,
    asker: str | None,
    before: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List jobs."""
    wanted = JobFilter(JobState(state) if state else None, verb, asker, before)
    found = _queue().list(wanted, limit)
    if as_json:
        print_json([_fields(job) for job in found])
        return
    for job in found:
        say(
            *(f"#{job.number}", _state(job), f"{_since(job):{MINUTE_FORMAT}}"),
            *(job.wish.asker, _command(job), _progress(job)),
        )


@jobs.command(cls=AlsoOnEcs, help=SHOW_HELP)
@click.argument("number", type=int)
@as_json_option
def show(number: int, as_json: bool) -> None:
    """Show a job."""
    _print(_queue().show(number), as_json=as_json)


@jobs.command(cls=AlsoOnEcs, help=CANCEL_HELP)
@click.argument("number", type=int)
@as_json_option
def cancel(number: int, as_json: bool) -> None:
    """Have a job end."""
    engine = etl_engine(read_session_options().database)
    with audited_change(engine, wish_of_command()) as connection:
        job = audited_queue(engine).cancel(number, shell_caller().who, connection)
    if as_json:
        print_json(_fields(job))
    elif job.state is JobState.RUNNING:
        say(f"job {number} is told to end")
    else:
        say(f"job {number} is cancelled")


@jobs.command(cls=AlsoOnEcs, help=RETRY_HELP)
@click.argument("number", type=int)
@as_json_option
def retry(number: int, as_json: bool) -> None:
    """Queue a job again."""
    engine = etl_engine(read_session_options().database)
    with audited_change(engine, wish_of_command()) as connection:
        job = audited_queue(engine).retry(number, connection)
    if as_json:
        print_json(_fields(job))
    else:
        say(f"job {number} is queued")


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


def _queue() -> JobQueue:
    return audited_queue(etl_engine(read_session_options().database))


def _print(job: Job, *, as_json: bool) -> None:
    """All of a job; what nobody knows is left out for people."""
    fields = {**_fields(job), **_texts(job)}
    if as_json:
        print_json(fields)
        return
    fields["command"] = _command(job)
    texts = {name: str(fields.pop(name)) for name in ("report", "log_tail")}
    del fields["words"]
    for name, value in fields.items():
        if value not in (None, "", [], {}):
            told = value if isinstance(value, str) else json.dumps(value)
            say(name.replace("_", " "), told)
    for name, text in texts.items():
        if text:
            say(f"{name.replace('_', ' ')}:")
            say_exactly(text.rstrip("\n"))


def _command(job: Job) -> str:
    return " ".join(["shardline", *job.wish.words])


def _state(job: Job) -> str:
    if job.waits_for:
        return f"waits for {job.waits_for}"
    is_ending = job.state is JobState.RUNNING and job.cancel_asked
    return "ending" if is_ending else str(job.state)


def _since(job: Job) -> datetime:
    running = job.started if job.state is JobState.RUNNING else None
    return job.finished or running or job.created


def _progress(job: Job) -> str:
    far = job.result.progress
    return f"{far.done:,} of {far.total:,}" if far.total else ""


def _fields(job: Job) -> dict[str, object]:
    wish, far = job.wish, job.result.progress
    return {
        "number": job.number,
        "state": str(job.state),
        "verb": wish.verb,
        "arguments": dict(wish.arguments),
        "words": list(wish.words),
        "asker": wish.asker,
        "origin": wish.origin,
        "priority": wish.priority.name.lower(),
        "servers": list(wish.servers),
        "attempt": job.attempt,
        "failures": job.failures,
        "attempts": wish.attempts,
        "done": far.done,
        "total": far.total,
        "rows": far.rows,
        "exit_code": job.result.exit_code,
        "waits_for": job.waits_for,
        "worker": job.worker,
        "cancelled_by": job.canceller,
        **{
            name: moment.isoformat() if moment else None
            for name, moment in (
                ("created", job.created),
                ("not_before", job.not_before),
                ("waiting_since", job.waiting_since),
                ("started", job.started),
                ("lease", job.lease),
                ("cancel_asked", job.cancel_asked),
                ("finished", job.finished),
            )
        },
    }


def _texts(job: Job) -> dict[str, object]:
    return {"report": job.result.report, "log_tail": job.result.log_tail}
