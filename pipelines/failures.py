"""What failed, one line each, told when everything else has been said.

Luigi runs tasks in forked children and prints its own summary last, which names no
cause. The lines travel through a file without a name from whichever process failed to
the one that started the run; what nobody has taken from there is printed when that
process ends.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from functools import lru_cache

from pipelines.errors import ShardlineError, one_line

PRINTED = 20
"""Most lines that are printed at the end; the rest is counted."""


class Lines:
    """Lines from this process and from the children that it forks."""

    def __init__(self) -> None:
        """Open the file; children that are forked from now on share it."""
        self._file = tempfile.TemporaryFile("ab+", buffering=0)  # noqa: SIM115
        self._waiting: dict[tuple[str, str], list[str]] = {}
        self._read_to = 0

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def add(self, line: str) -> None:
        """Add what failed, in any of the processes."""
        # Appended by one write, so that lines of several processes do not mix.
        os.write(self._file.fileno(), f"{one_line(line)}\n".encode("utf-8", "replace"))

    def wait_for(self, what: str, shard: str, why: str) -> None:
        """Add that a shard has to wait; shards with the same reason share a line.

        Only the process that started the run may say so.

        Args:
            what: The table and the day.
            shard: Which of its shards.
            why: What it waits for.
        """
        self._waiting.setdefault((what, why), []).append(shard)

    def take(self) -> list[str]:
        """All lines since the last time, each once: first who waits, then failures."""
        waiting = [
            one_line(f"{what} {_first_of(shards)}: {why}")
            for (what, why), shards in self._waiting.items()
        ]
        self._waiting.clear()
        size = os.fstat(self._file.fileno()).st_size
        octets = os.pread(self._file.fileno(), size - self._read_to, self._read_to)
        self._read_to = size
        failed = octets.decode("utf-8", "replace").splitlines()
        return list(dict.fromkeys([*waiting, *failed]))


def _first_of(shards: list[str]) -> str:
    distinct = list(dict.fromkeys(shards))
    more = len(distinct) - 1
    return f"{distinct[0]} and {more} more shards" if more else distinct[0]


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
            " this may be a defect of shardline"
        )


def shown(taken: list[str]) -> list[str]:
    """The lines to print: not more than people read, and the others counted."""
    hidden = len(taken) - PRINTED
    if hidden <= 0:
        return taken
    return [f"{hidden} more lines like these:", *taken[-PRINTED:]]


def _print_rest(collected: Lines) -> None:
    for line in shown(collected.take()):
        print(line, file=sys.stderr)  # noqa: T201 - the last words of a luigi run
    collected.close()
