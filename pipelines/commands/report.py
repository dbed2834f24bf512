"""`shardline report`: what the reports of a day say."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.verb_commands import print_answer, shell_context
from pipelines.commands.verb_options import verb_options
from pipelines.errors import ConfigurationError
from pipelines.operations import REPORT, File, ReportArguments
from pipelines.runtime import warn

HELP = """Show the figures of a day's reports; with names, of these alone.

    The figures are those of the mail, as the reports stand in the warehouse now. With
    --into, the mail's pictures are written into a folder, and the rows of each report
    that is named, as CSV.

    \b
    Examples:
      shardline report --date 2019-03-14
      shardline report city_orders --date 2019-03-14 --into .
      shardline report --date 2019-03-14 --json | jq '.[] | .figure'

    \b
    Exit codes:
       0  it is shown
       2  wrong usage or configuration, or a file cannot be written
      30  the warehouse cannot be read
    """


@click.command(cls=AlsoOnEcs, help=HELP, short_help=REPORT.summary)
@verb_options(ReportArguments)
@click.option(
    "--into",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Write pictures and files into this folder, over those of the same name.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def report(arguments: ReportArguments, folder: Path | None, as_json: bool) -> None:
    """Show the reports of a day."""
    answer = REPORT.run(shell_context(), arguments)
    print_answer(answer, as_json=as_json)
    for file in answer.files if folder else ():
        warn(f"written: {_written(file, folder)}")


def _written(file: File, folder: Path | None) -> Path:
    path = (folder or Path()) / file.name
    try:
        path.write_bytes(file.content)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}") from error
    return path
