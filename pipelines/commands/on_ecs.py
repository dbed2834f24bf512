"""Commands that run here, or with ``--on ecs`` as a task on Fargate."""

from __future__ import annotations

import sys
from typing import Any

import click
from click.core import ParameterSource

from pipelines.deploy import follow_task, stack_outputs, start_task, task_exit_code
from pipelines.errors import ShardlineError
from pipelines.runtime import ExitCode, say, warn

_OWN = ("--on", "--stack")


class AlsoOnEcs(click.Command):
    """A command with ``--on ecs``: the same words, in a container."""

    task_output = "Task"
    """The stack's output that names the task definition."""

    places: tuple[str, ...] = ("here", "ecs")
    """What ``--on`` takes."""

    places_help = "Where to run: on this machine, or on Fargate, following its log."

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - click's
        """Add the options to those that the command has."""
        super().__init__(*arguments, **options)
        self.params += [
            click.Option(
                ["--on"],
                type=click.Choice(self.places),
                default="here",
                show_default=True,
                help=self.places_help,
            ),
            click.Option(
                ["--stack"],
                envvar="SHARDLINE_STACK",
                default="shardline",
                show_default=True,
                metavar="NAME",
                help="With --on ecs, the CloudFormation stack.",
            ),
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words as they are, for the container."""
        ctx.meta[__name__] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run the command here or there."""
        place, stack = ctx.params.pop("on"), ctx.params.pop("stack")
        if place == "here":
            if ctx.get_parameter_source("stack") is ParameterSource.COMMANDLINE:
                raise click.UsageError("--stack goes with --on ecs, behind the command")
            return super().invoke(ctx)
        return self.invoke_at(place, ctx, stack)

    def invoke_at(self, place: str, ctx: click.Context, stack: str) -> Any:  # noqa: ANN401, ARG002 - click's
        """Run the command elsewhere."""
        path = ctx.command_path.split()[1:]
        words = [*path, *words_of(ctx)]
        sys.exit(_run(stack, self.task_output, words))


class DatabaseAlsoOnEcs(AlsoOnEcs):
    """The same with the task that has the login of the ETL database's master."""

    task_output = "DatabaseTask"


class GroupAlsoOnEcs(AlsoOnEcs, click.Group):
    """The same for a command that has others below it."""


def words_of(context: click.Context) -> list[str]:
    """What was typed behind a command's name, but for ``--on`` and ``--stack``."""
    return _without_own(context.meta.get(__name__, []))


def _without_own(words: list[str]) -> list[str]:
    """The words without our options and their values, up to a ``--``."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            return [*kept, word, *rest]
        if word in _OWN:
            next(rest, None)
        elif not word.startswith(tuple(f"{one}=" for one in _OWN)):
            kept.append(word)
    return kept


def _run(stack: str, task_output: str, words: list[str]) -> int:
    task = start_task(stack_outputs(stack, task_output), words)
    warn(f"task {task.id} is started: shardline {' '.join(words)}")
    try:
        ended = follow_task(task, lambda line: say(*line.split("\t")))
    except (KeyboardInterrupt, ShardlineError) as error:
        warn(f"the task {task.id} goes on; its log: {task.how_to_follow}")
        warn(f"to stop it: {task.how_to_stop}")
        if isinstance(error, ShardlineError):
            raise
        return ExitCode.INTERRUPTED
    return task_exit_code(task, ended, warn)
