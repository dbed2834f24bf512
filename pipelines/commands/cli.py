"""The `shardline` command."""

from __future__ import annotations

import gc
from importlib import import_module
from types import ModuleType

import click

from pipelines import __version__
from pipelines.config import logging_file
from pipelines.runtime import (
    LOG_FORMAT_VARIABLE,
    LOG_FORMATS,
    log_uncaught,
    set_up_logging,
)

COMMANDS = {
    "alerts": "pipelines.commands.alerts:alerts",
    "audit": "pipelines.commands.audit:audit",
    "backfill": "pipelines.commands.backfill:backfill_command",
    "bot": "pipelines.commands.bot:bot",
    "clear": "pipelines.commands.clear:clear",
    "connections": "pipelines.commands.connections:connections",
    "deadlines": "pipelines.commands.deadlines:deadlines",
    "deploy": "pipelines.commands.deploy:deploy",
    "documents": "pipelines.commands.documents:documents",
    "help": "pipelines.commands.help:help_command",
    "incidents": "pipelines.commands.incidents:incidents",
    "jobs": "pipelines.commands.jobs:jobs",
    "people": "pipelines.commands.people:people",
    "plan": "pipelines.commands.plan:plan_command",
    "refresh": "pipelines.commands.refresh:refresh",
    "render": "pipelines.commands.render:render",
    "report": "pipelines.commands.report:report",
    "run": "pipelines.commands.run:run",
    "shards": "pipelines.commands.shards:shards",
    "status": "pipelines.commands.status:status",
    "subscriptions": "pipelines.commands.subscriptions:subscriptions",
    "tables": "pipelines.commands.tables:tables",
    "verify": "pipelines.commands.verify:verify_command",
    "why": "pipelines.commands.why:why",
}
"""Where each command is. One that is not asked for is not imported."""


class Commands(click.Group):
    """The commands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """All names, in order."""
        return sorted(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's
        cmd_name: str,
    ) -> click.Command | None:
        """One command, if there is one of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(_imported(module), name)
        return command


def _imported(module: str) -> ModuleType:
    """Import a module with all that it needs, of which nothing is ever garbage.

    Looking for some takes a tenth of the time, and later, in forked children, pages of
    memory of their own: hence `gc.freeze`.
    """
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.freeze()
        gc.enable()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="shardline")
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="human",
    show_default=True,
    envvar=LOG_FORMAT_VARIABLE,
    show_envvar=True,
    help="How to log: lines for people, or one JSON object a line.",
)
def shardline(log_format: str) -> None:
    """Sharded SQL Server into Vertica, every day, exactly once.

    Options are read from luigi.cfg in this folder, and from the file that
    LUIGI_CONFIG_PATH names.
    """
    set_up_logging(log_format, logging_file())
    log_uncaught()
