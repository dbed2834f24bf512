"""The audit of commands that change something: under the operating system's user."""

from __future__ import annotations

import os
import shlex
from contextlib import AbstractContextManager, nullcontext

import click

from pipelines.commands.on_ecs import words_of
from pipelines.config import SessionsOptions
from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_engine
from pipelines.jobs import JOB_VARIABLE, JobState, SqlJobQueue
from pipelines.operations import (
    Plan,
    Wish,
    audited,
    shell_caller,
    shell_place,
)


def in_audit(
    sessions: SessionsOptions,
    plan: Plan | None = None,
    *,
    needs_database: bool = True,
) -> AbstractContextManager[None]:
    """Write in the audit that this command was called, and how the block ends.

    A job's process writes neither: the wish for the job is there already, and the
    worker's queue writes how the job ends.

    Args:
        sessions: Where the ETL database is.
        plan: What was shown of what the block does.
        needs_database: Whether the block fails without the ETL database.
    """
    if _is_of_job(sessions):
        return nullcontext()
    wish = wish_of_command(plan)
    return audited(sessions.database, wish, needs_database=needs_database)


def wish_of_command(plan: Plan | None = None) -> Wish:
    """What whoever has called this command wishes."""
    context = click.get_current_context()
    return Wish(
        shell_caller(),
        shell_place(),
        verb=" ".join(context.command_path.split()[1:]),
        arguments=shlex.join(words_of(context)),
        plan=plan.lines[-1] if plan else "",
        plan_digest=plan.digest if plan else "",
    )


def _is_of_job(sessions: SessionsOptions) -> bool:
    """Whether this is the process of a job that runs, as its worker says."""
    try:
        number = int(os.environ.get(JOB_VARIABLE, ""))
        job = SqlJobQueue(etl_engine(sessions.database)).show(number)
    except (ValueError, ShardlineError):
        return False
    return job.state is JobState.RUNNING and list(job.wish.words) == _words()


def _words() -> list[str]:
    """All that was typed behind the program's name."""
    context = click.get_current_context()
    return [*context.command_path.split()[1:], *words_of(context)]
