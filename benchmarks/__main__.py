"""The command `python -m benchmarks`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from benchmarks.loads import ALL_UP_TO, RECORDED

if TYPE_CHECKING:
    from benchmarks.sheets import Sheet

# click leaves what follows a \b alone; elsewhere it fills the lines.
_HELP = """\
Measure loads by shardline beside one by the published tutorial.

Loads are end to end, with the real drivers, each time in a new process, against servers
in another process: a SQL Server that replays what the sandbox answered, and a Vertica
that swallows. Beside them stand two loads at once, and what the machine can do. Days
are loaded on the sandbox: what a small one costs, runs of many, a year of them.
The whole takes about 35 minutes on two cores.

Other drivers are measured where they are installed; the first of these needs Debian's
libltdl7 too.

\b
pip install mssql-python python-tds
python -m benchmarks
python -m benchmarks --rows 10000 --rounds 2 --days 31 --shards 20
python -m benchmarks --only loads --markdown build/figures.md --plot build/figures.svg
"""


def _sizes(
    _context: click.Context, _option: click.Parameter, given: tuple[int, ...]
) -> list[int]:
    for rows in given:
        if rows > RECORDED and rows % RECORDED:
            raise click.BadParameter(f"{rows:,} is no multiple of {RECORDED:,}")
    if min(given) > ALL_UP_TO:
        raise click.BadParameter(f"one of them must be no more than {ALL_UP_TO:,}")
    return sorted(set(given))


@click.command(help=_HELP)
@click.option(
    "--rows",
    "sizes",
    type=click.IntRange(1, 100_000_000),
    multiple=True,
    callback=_sizes,
    default=(10_000, 100_000, 1_000_000, 10_000_000),
    show_default=True,
    help="Rows of a load; may be given several times. More than 100,000 are those of"
    " 100,000, again and again.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="How often each is measured; the largest loads no more than twice.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3_650),
    default=365,
    show_default=True,
    help="Days of the backfills.",
)
@click.option(
    "--shards",
    type=click.IntRange(1, 1_000),
    default=150,
    show_default=True,
    help="Shards of the runs of small days, and of the year.",
)
@click.option(
    "--only", type=click.Choice(["loads", "days"]), help="Measure only one of both."
)
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the tables to this file too, for a document.",
)
@click.option(
    "--plot",
    "picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the loads' CPU in this file, whose ending is .svg or .png.",
)
def main(
    sizes: list[int],
    rounds: int,
    days: int,
    shards: int,
    only: Literal["loads", "days"] | None,
    markdown: Path | None,
    picture: Path | None,
) -> None:
    """Measure, and show."""
    # Each measured process imports this module, and should have little from it.
    from benchmarks import plot  # noqa: PLC0415
    from benchmarks.report_days import sheets_of_days  # noqa: PLC0415
    from benchmarks.report_loads import sheets_of_loads  # noqa: PLC0415
    from benchmarks.run_days import run_days  # noqa: PLC0415
    from benchmarks.run_loads import run_loads  # noqa: PLC0415
    from benchmarks.sheets import machine  # noqa: PLC0415
    from pipelines.text import Console  # noqa: PLC0415

    if picture and (why := plot.why_not()):
        raise click.ClickException(why)
    console = Console()
    found: list[Sheet] = []
    with tempfile.TemporaryDirectory() as folder, console.status("starting") as status:
        home = Path(folder)
        if only != "days":
            loads = run_loads(sizes, rounds, home, status.update)
            found += sheets_of_loads(loads)
            if picture:
                picture.parent.mkdir(parents=True, exist_ok=True)
                plot.plot(loads, picture)
        if only != "loads":
            of_days = run_days(shards, days, rounds, home, status.update)
            found += sheets_of_days(of_days)
    for sheet in found:
        console.print(sheet.rich())
    console.print(machine(rounds), soft_wrap=True)
    if markdown:
        markdown.parent.mkdir(parents=True, exist_ok=True)
        parts = (machine(rounds) + "\n", *(sheet.markdown() for sheet in found))
        markdown.write_text("\n".join(parts), encoding="utf-8")
        console.print(f"written to {markdown}", soft_wrap=True)


if __name__ == "__main__":
    main()
