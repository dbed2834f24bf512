"""The command `python -m benchmarks.bot_kills`."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from os import sched_getaffinity
from pathlib import Path

import click

from benchmarks.bot_kills.bots import Bot, Ours, Rival
from benchmarks.bot_kills.scene import PEOPLE, Figures, play
from benchmarks.sheets import Sheet, processor
from pipelines.text import Console
from sandbox.process import SandboxProcess

OURS, PTB, AIOGRAM = "shardline", "python-telegram-bot", "aiogram"
PTB_WAYS = {0: "default", 4: "`concurrent_updates(4)`"}
AIOGRAM_WAYS = {
    0: "default",
    4: "`tasks_concurrency_limit=4`",
    1: "`handle_as_tasks=False`",
}
"""What the bots of a library are told, and how that is written in its documents."""

HEAD = (
    "Bot",
    "commands",
    "lost",
    "done again",
    "done, not answered",
    "answered again",
    "chats out of order",
    "median s to the answer",
    "CPU s",
)

HELP = """\
Kill bots at random moments, and count what becomes of the commands.

12 people write numbered commands to a bot, each every four to eight seconds, unless two
have waited since the bot was last started. Up to four seconds after its first answer
the bot is killed, and started again at once: the same is done to `shardline bot` on
SQLite, and to small bots by python-telegram-bot and aiogram, which commit a row for
each command and then answer. First it is SIGKILL, then SIGTERM.

aiogram wants an older pydantic than ours, so it has an environment of its own:

\b
python -m venv build/aiogram
build/aiogram/bin/pip install aiogram==3.31.0
python -m benchmarks.bot_kills --aiogram build/aiogram/bin/python
"""


@click.command(help=HELP)
@click.option(
    "--kills",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="How often each bot is killed, by each signal.",
)
@click.option("--seed", default=1, show_default=True, help="Of the random moments.")
@click.option(
    "--only", type=click.Choice([OURS, PTB, AIOGRAM]), help="Kill only these bots."
)
@click.option(
    "--aiogram",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The interpreter of an environment that has aiogram.",
)
def main(kills: int, seed: int, only: str | None, aiogram: Path | None) -> None:
    """Measure, and show."""
    console = Console()
    console.print(_conditions(kills, seed, aiogram), soft_wrap=True)
    if only in (None, AIOGRAM) and not aiogram:
        console.print(
            "Not run: aiogram, as --aiogram names no interpreter that has it."
        )
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with SandboxProcess(home / "sandbox") as sandbox:
            for by in (signal.SIGKILL, signal.SIGTERM):
                rows = []
                for bot in _bots(home / by.name, sandbox, only, aiogram):
                    console.print(f"{by.name}: {bot.title}", soft_wrap=True)
                    rows.append(_row(bot, _figures(bot, sandbox, kills, by, seed)))
                    console.print(" | ".join(rows[-1]), soft_wrap=True)
                sheet = Sheet(f"{kills} kills of each by {by.name}", HEAD, rows)
                console.print(sheet.markdown(), soft_wrap=True, markup=False)


def _bots(
    home: Path, sandbox: SandboxProcess, only: str | None, aiogram: Path | None
) -> Iterator[Bot]:
    if only in (None, OURS):
        yield Ours(_folder(home, OURS), sandbox, PEOPLE)
    libraries = [(PTB, sys.executable, "ptb_bot", PTB_WAYS)]
    if aiogram:
        python = str(aiogram.absolute())  # of a link, the environment is the link's
        libraries.append((AIOGRAM, python, "aiogram_bot", AIOGRAM_WAYS))
    for library, python, module, ways in libraries:
        if only in (None, library):
            for limit, way in ways.items():
                folder = _folder(home, f"{module}_{limit}")
                title = f"{library}, {way}"
                yield Rival(title, python, module, limit, folder, sandbox)


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir(parents=True)
    return folder


def _figures(
    bot: Bot, sandbox: SandboxProcess, kills: int, by: signal.Signals, seed: int
) -> Figures:
    telegram = sandbox.control.telegram
    telegram.reset()
    telegram.set_pace(1_000)  # what is measured is not how limits are kept
    for chat in PEOPLE:
        telegram.add_chat(chat)
    return play(bot, telegram, kills, by, seed)


def _row(bot: Bot, figures: Figures) -> Sequence[str]:
    counts = figures.counts
    return (
        bot.title,
        f"{counts.said:,}",
        f"{counts.lost:,}",
        f"{counts.done_again:,}",
        f"{counts.unanswered:,}",
        f"{counts.answered_again:,}",
        f"{counts.out_of_order} of {len(PEOPLE)}",
        f"{counts.delay:.2f}",
        f"{figures.cpu:.1f}",
    )


def _conditions(kills: int, seed: int, aiogram: Path | None) -> str:
    libraries = [f"{PTB} {version(PTB)}"]
    if aiogram:
        libraries.append(f"aiogram {_version_in(aiogram)}")
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()}, {len(sched_getaffinity(0))}"
        f" cores, {', '.join(libraries)}; {kills} kills, seed {seed}"
    )


def _version_in(python: Path) -> str:
    program = "from importlib.metadata import version; print(version('aiogram'))"
    found = subprocess.run(  # noqa: S603 - who calls us names it
        [python.absolute(), "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if found.returncode:
        raise click.ClickException(f"{python} has no aiogram")
    return found.stdout.strip()


if __name__ == "__main__":
    main()
