"""The command `python -m benchmarks`."""

from __future__ import annotations

from pathlib import Path

import click

# click leaves what follows a \b alone; elsewhere it fills the lines.
_HELP = """\
Measure a load by shardline beside one by the published tutorial.

All are end to end, with the real drivers, each time in a new process, shardline also
with the driver's tuples, against servers in another process: a SQL Server that replays
what the sandbox answered, and a Vertica that swallows. Then the encoding alone, what a
small day costs on the sandbox, what many partitions cost Luigi, what loading days
together saves, how long listings of jobs take, and what the machine can do. The whole
takes a quarter of an hour.

\b
python -m benchmarks
python -m benchmarks --rows 10000 --rounds 2 --days 31
python -m benchmarks --markdown build/figures.md
"""


@click.command(help=_HELP)
@click.option(
    "--rows",
    "sizes",
    type=click.IntRange(1, 1_000_000),
    multiple=True,
    default=(10_000, 100_000, 1_000_000),
    show_default=True,
    help="Rows of a load; may be given several times.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="How often each load is measured.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3_650),
    default=365,
    show_default=True,
    help="Days of the backfills, one of 20 shards and one of 150 with instant loads.",
)
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the tables to this file too, for a document.",
)
def main(sizes: tuple[int, ...], rounds: int, days: int, markdown: Path | None) -> None:
    """Measure, and show."""
    # Each measured process imports this module, and should have little from it.
    from benchmarks.report import machine, sheets  # noqa: PLC0415
    from benchmarks.run import run  # noqa: PLC0415
    from pipelines.text import Console  # noqa: PLC0415

    console = Console()
    with console.status("starting") as status:
        figures = run(sorted(set(sizes)), rounds, days, status.update)
    found = sheets(figures)
    for sheet in found:
        console.print(sheet.rich())
    console.print(machine(figures), soft_wrap=True)
    if markdown:
        markdown.parent.mkdir(parents=True, exist_ok=True)
        parts = (machine(figures) + "\n", *(sheet.markdown() for sheet in found))
        markdown.write_text("\n".join(parts), encoding="utf-8")
        console.print(f"written to {markdown}", soft_wrap=True)


if __name__ == "__main__":
    main()
