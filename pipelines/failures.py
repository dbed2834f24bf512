"""What failed, one line each, told when everything else has been said.

Luigi runs tasks in forked children and prints its own summary last, which names no
cause. The lines travel through a pipe from whichever process failed to the one that
started the run; what nobody has taken from there is printed when that process ends.
"""

from __future__ import annotations

import atexit
import os
import sys
from functools import lru_cache

from pipelines.errors import ShardlineError, one_line

MOST_OCTETS = 2_000
"""Longest line; below what a pipe takes whole (PIPE_BUF, 4,096 on Linux)."""

PRINTED = 20
"""Most lines that are printed at the end; the rest is counted."""


class Lines:
    """Lines from this process and from the children that it forks."""

    def __init__(self) -> None:
        """Open the pipe; children that are forked from now on share it."""
        self._source, self._sink = os.pipe()
        os.set_blocking(self._source, False)
        os.set_blocking(self._sink, False)

    def add(self, line: str) -> None:
        """Add a line, unless so many are waiting that the pipe is full."""
        octets = one_line(line).encode("utf-8", "replace")[:MOST_OCTETS]
        try:
            os.write(self._sink, octets + b"\n")
        except BlockingIOError:
            return

    def take(self) -> list[str]:
        """All lines so far, each once, in the order of their first coming."""
        taken = b""
        try:
            while more := os.read(self._source, 1 << 16):
                taken += more
        except BlockingIOError:
            pass
        lines = taken.decode("utf-8", "replace").splitlines()
        return list(dict.fromkeys(lines))


@lru_cache(maxsize=1)
def lines() -> Lines:
    """The lines of this run; children see those of the process that forked them."""
    collected = Lines()
    atexit.register(_print_rest, collected)
    return collected


def note(error: BaseException, where: str) -> None:
    """Note what failed.

    Args:
        error: What was raised.
        where: What it happened to, for an error that does not say so itself.
    """
    if isinstance(error, ShardlineError):
        lines().add(str(error if error.where else error.at(where)))
    else:
        lines().add(
            f"{where}: {type(error).__name__}: {error};"
            " this is a defect of shardline, the log above has its traceback"
        )


def shown(taken: list[str]) -> list[str]:
    """The lines to print: not more than people read, and the others counted."""
    if len(taken) <= PRINTED:
        return taken
    hidden = len(taken) - PRINTED
    return [f"... and {hidden} more failures", *taken[:PRINTED]]


def _print_rest(collected: Lines) -> None:
    for line in shown(collected.take()):
        print(line, file=sys.stderr)  # noqa: T201 - the last words of a luigi run
