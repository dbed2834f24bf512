"""The command `python -m sandbox demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.text import Console
from sandbox.parameters import CATALOG, HOME, to_days, to_shards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.shards import Shard

_DEMO_HELP = """\
Load while a shard is broken, mend it by the chat, refresh the reports, mail them.

Everything runs in a temporary folder and on free ports, so nothing that runs
already is disturbed; only the mail stays, as a page for a browser. The exit code
is 0 only if each row arrived once, the chat had one message of the failure and one
of its end, no report is empty, and one mail came.

\b
python -m sandbox demo
python -m sandbox demo --shards 5 --days 2019-03-11..2019-03-15 --workers 4
"""


@click.command(help=_DEMO_HELP)
@click.option(
    "--days", default="2019-03-11..2019-03-13", show_default=True, help="FIRST..LAST."
)
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Orders of a shard and day.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="Processes that load at a time.",
)
@click.option(
    "--shards",
    metavar="COUNT|FILE",
    default=str(CATALOG),
    callback=to_shards,
    help="How many of the catalog's shards, or a CSV of others: server, shard,"
    " time_zone.  [default: all of the catalog's]",
)
@click.option(
    "--mail",
    type=click.Path(dir_okay=False, path_type=Path),
    default=HOME / "demo-mail.html",
    show_default=True,
    help="The file where the mail is saved.",
)
def demo(
    days: str, rows: int, workers: int, shards: Sequence[Shard], mail: Path
) -> None:
    """Show the product at work."""
    from sandbox.demo import Demo  # noqa: PLC0415 - the others start faster

    asked = to_days(days)
    Demo(shards, asked, rows=rows, workers=workers, mail=mail).run(Console())
