"""Commands that run here, on Fargate, or with ``--on job`` as a job of the queue."""

from __future__ import annotations

import sys
from typing import Any

import click
from click.core import ParameterSource

from pipelines.commands.agreement import is_agreed
from pipelines.commands.day_options import PARAMETERS, days_asked_for, one_range
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.verb_commands import shell_context
from pipelines.commands.verb_options import arguments_of
from pipelines.config import current_settings
from pipelines.jobs import Job
from pipelines.operations import (
    Accepted,
    Arguments,
    Context,
    Long,
    Outcome,
    Question,
    agree,
    perform,
    verb_named,
)
from pipelines.runtime import ExitCode, say, warn

JOB = "job"

YES = "yes"
"""The parameter of a command that asks, to which it need not."""


class AlsoAsJob(AlsoOnEcs):
    """The command of a verb that takes its time: the same, done by a worker."""

    places = ("here", "ecs", JOB)

    places_help = (
        "Where to run: on this machine; on Fargate, following its log; or as a job, by"
        " a worker of `shardline jobs work`."
    )

    def __init__(self, *arguments: Any, verb: Long[Any], **options: Any) -> None:  # noqa: ANN401 - click's
        """Keep which verb the command is, besides what click is given."""
        super().__init__(*arguments, **options)
        self._verb = verb

    def invoke_at(self, place: str, ctx: click.Context, stack: str) -> Any:  # noqa: ANN401 - click's
        """Make it a job."""
        if place != JOB:
            return super().invoke_at(place, ctx, stack)
        if ctx.get_parameter_source("stack") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--stack goes with --on ecs")
        context, wanted = shell_context(), self._arguments(ctx)
        is_agreed_before = not self._verb.destroys or ctx.params.get(YES, False)
        outcome = perform(context, self._verb, wanted, agreed=is_agreed_before)
        if isinstance(outcome, Question):
            outcome = _agreed(context, outcome)
        if isinstance(outcome, Accepted):
            say(_told(outcome.job, is_new=outcome.is_new))
        return None

    def _arguments(self, ctx: click.Context) -> Arguments:
        kind: type[Arguments] = self._verb.arguments
        own = {name: ctx.params[name] for name in ctx.params if _is_own(kind, name)}
        for parameter in self.params:
            name = parameter.name or ""
            is_typed = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
            is_other = name in ctx.params and name not in {*own, YES}
            if is_other and is_typed:
                raise click.UsageError(f"{parameter.opts[0]} does not go with --on job")
        if "days" in kind.model_fields:
            days = {name: own.pop(name, None) for name in PARAMETERS}
            own["days"] = one_range(days_asked_for(days, current_settings))
        return arguments_of(kind, own)


def _is_own(kind: type[Arguments], parameter: str) -> bool:
    return parameter in kind.model_fields or parameter in PARAMETERS


def _agreed(context: Context, question: Question) -> Outcome:
    """Show a plan, ask, and do it if the answer is yes."""
    for line in question.plan.lines:
        say(line)
    if not is_agreed("Queue a job that does this?", "queued"):
        warn("nothing is queued")
        sys.exit(ExitCode.USAGE)
    return agree(context, question.number, verb_named)


def _told(job: Job, *, is_new: bool) -> str:
    follow = f"see `shardline jobs show {job.number}`"
    if is_new:
        return f"job {job.number} is queued for `shardline jobs work`; {follow}"
    return f"job {job.number} is for the same, and not over; {follow}"
