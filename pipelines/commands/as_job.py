"""Commands that run here, on Fargate, or with ``--on job`` as a job of the queue."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from pipelines.commands.day_options import PARAMETERS, days_asked_for, one_range
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.verb_commands import shell_context
from pipelines.commands.verb_options import arguments_of
from pipelines.config import current_settings
from pipelines.jobs import Job
from pipelines.operations import Accepted, Arguments, Long, perform
from pipelines.runtime import say

JOB = "job"


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
        wanted = self._arguments(ctx)
        outcome = perform(shell_context(), self._verb, wanted, agreed=True)
        if isinstance(outcome, Accepted):
            say(_told(outcome.job, is_new=outcome.is_new))
        return None

    def _arguments(self, ctx: click.Context) -> Arguments:
        kind: type[Arguments] = self._verb.arguments
        own = {name: ctx.params[name] for name in ctx.params if _is_own(kind, name)}
        for parameter in self.params:
            name = parameter.name or ""
            is_typed = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
            if name in ctx.params and name not in own and is_typed:
                raise click.UsageError(f"{parameter.opts[0]} does not go with --on job")
        days = {name: own.pop(name, None) for name in PARAMETERS}
        whole = one_range(days_asked_for(days, current_settings))
        return arguments_of(kind, {**own, "days": whole})


def _is_own(kind: type[Arguments], parameter: str) -> bool:
    return parameter in kind.model_fields or parameter in PARAMETERS


def _told(job: Job, *, is_new: bool) -> str:
    follow = f"see `shardline jobs show {job.number}`"
    if is_new:
        return f"job {job.number} is queued for `shardline jobs work`; {follow}"
    return f"job {job.number} is for the same, and not over; {follow}"
