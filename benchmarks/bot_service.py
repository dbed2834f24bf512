"""A bot whose processes write a spreadsheet, too, when a line of its input says so.

    LUIGI_CONFIG_PATH=… python -m benchmarks.bot_service

A line is the path of the spreadsheet; a line of standard output tells how long it took.
The bot ends with the input.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from threading import Event, Thread

from benchmarks.spreadsheet import write_spreadsheet
from pipelines.bot import run_bot
from pipelines.config import read_settings
from pipelines.operations import SLOW_MODULES
from pipelines.runtime import ProcessPool

PROCESSES = 2
"""As many as `shardline bot` has."""

LONGEST = 900
"""Seconds that a spreadsheet may take."""


def main() -> None:
    """Answer people, and write what is asked for."""
    stopped = Event()

    def listen(pool: ProcessPool) -> None:
        try:
            for line in sys.stdin:
                began = time.monotonic()
                pool.call(write_spreadsheet, Path(line.strip()), seconds=LONGEST)
                sys.stdout.write(f"{time.monotonic() - began:.1f}\n")
                sys.stdout.flush()
        finally:
            stopped.set()

    with ProcessPool(PROCESSES, SLOW_MODULES) as pool:
        Thread(target=listen, args=(pool,), daemon=True).start()
        run_bot(read_settings(), stopped, pool)


if __name__ == "__main__":
    main()
