"""What failed or is worth a warning, told in lines when all else has been said.

Luigi runs tasks in forked children and prints its own summary last, which names no
cause. The lines travel from whichever process failed to the one that started the run;
what nobody has taken from there is printed when that process ends.
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipelines.errors import (
    ConfigurationError,
    NotReadyError,
    PermanentError,
    ShardlineError,
    one_line,
)
from pipelines.runtime.console import print_line
from pipelines.runtime.shared_records import SharedRecords

LASTING = (ConfigurationError, NotReadyError, PermanentError)
"""What fails again until someone acts, or time passes."""

PRINTED = 20
"""Most lines that are printed at the end; the rest is counted."""


@dataclass(frozen=True)
class Pending:
    """What there is to tell, a line each.

    Attributes:
        warnings: What someone should see to, although nothing failed.
        failures: Which shards have to wait, then what failed.
    """

    warnings: tuple[str, ...]
    failures: tuple[str, ...]


class Lines:
    """Lines from this process and from the children that it forks."""

    def __init__(self) -> None:
        """Begin with none; children that are forked from now on add to them."""
        self._records = SharedRecords()
        self._read_to = 0

    def close(self) -> None:
        """Let go of what they are kept in."""
        self._records.close()

    def add(self, line: str, task_id: str = "", *, lasts: bool = False) -> None:
        """Add what failed, in any of the processes.

        Args:
            line: What to tell of it.
            task_id: The task, as Luigi calls it, if one failed.
            lasts: Whether it will fail again until someone acts.
        """
        self._write("failed", line, task_id, "lasts" if lasts else "may pass")

    def failed(self) -> dict[str, bool]:
        """The tasks that have failed since the last `take`, and whether that lasts."""
        found: dict[str, bool] = {}
        for kind, *words in _forgiven(self._added()):
            if kind == "failed" and words[1]:
                found[words[1]] = found.get(words[1], False) or words[2] == "lasts"
        return found

    def forgive(self, task_ids: Collection[str]) -> list[str]:
        """Do not tell what these tasks have failed of so far; the lines of it."""
        known = [words for kind, *words in _forgiven(self._added()) if kind == "failed"]
        self._write("forgiven", *task_ids)
        return list(dict.fromkeys(line for line, of, _ in known if of in task_ids))

    def wait_for(self, what: str, shard: str, why: str) -> None:
        """Add that a shard has to wait; shards with the same reason share a line.

        Args:
            what: The table and the day.
            shard: Which of its shards.
            why: What it waits for.
        """
        self._write("waits", what, shard, why)

    def warn(self, what: str, shard: str, why: str) -> None:
        """Add a warning; shards with the same one share a line.

        Args:
            what: The table and the day.
            shard: Which of its shards.
            why: What someone should see to.
        """
        self._write("warned", what, shard, why)

    def add_unreported(self) -> None:
        """Add that those on call may not know of a failure."""
        self._write("unreported")

    def unreported(self) -> bool:
        """Whether there was one at any time of the run."""
        records, _ = self._records.since(0)
        return any(kind == "unreported" for kind, *_ in records)

    def take(self) -> Pending:
        """All that was added since the last time, each line once."""
        records, self._read_to = self._records.since(self._read_to)
        added = _forgiven(records)
        failed = [words[0] for kind, *words in added if kind == "failed"]
        return Pending(
            warnings=tuple(f"warning: {line}" for line in _shared(added, "warned")),
            failures=tuple(dict.fromkeys([*_shared(added, "waits"), *failed])),
        )

    def _added(self) -> list[list[str]]:
        return self._records.since(self._read_to)[0]

    def _write(self, kind: str, *words: str) -> None:
        self._records.add([kind, *(one_line(word) for word in words)])


def _forgiven(added: Sequence[list[str]]) -> list[list[str]]:
    """What was added, without failures that were forgiven after they had come."""
    kept: list[list[str]] = []
    for kind, *words in added:
        if kind == "forgiven":
            kept = [one for one in kept if one[0] != "failed" or one[2] not in words]
        else:
            kept.append([kind, *words])
    return kept


def _shared(added: Sequence[Sequence[str]], wanted: str) -> list[str]:
    """A line for each reason, with the shards that share it."""
    shards: dict[tuple[str, str], list[str]] = {}
    for kind, *words in added:
        if kind == wanted:
            what, shard, why = words
            shards.setdefault((what, why), []).append(shard)
    return [
        f"{what} {_first_of(named)}: {why}" for (what, why), named in shards.items()
    ]


def _first_of(shards: list[str]) -> str:
    distinct = list(dict.fromkeys(shards))
    more = len(distinct) - 1
    return f"{distinct[0]} and {more} more shards" if more else distinct[0]


@lru_cache(maxsize=1)
def failure_log() -> Lines:
    """The lines of this run; children see those of the process that forked them."""
    collected = Lines()
    atexit.register(_print_rest, collected)
    return collected


def is_lasting(error: BaseException) -> bool:
    """Whether what failed will fail again until someone acts."""
    return isinstance(error, LASTING)


def note_failure(error: BaseException, where: str, task_id: str = "") -> None:
    """Note what failed.

    Args:
        error: What was raised.
        where: What it happened to, for an error that does not say so itself.
        task_id: The task, as Luigi calls it, if one failed.
    """
    if isinstance(error, ShardlineError):
        line = str(error if error.where else error.at(where))
    else:
        line = (
            f"{where}: {type(error).__name__}: {error};"
            " this may be a defect of shardline"
        )
    failure_log().add(line, task_id, lasts=is_lasting(error))


def lines_to_print(taken: Sequence[str]) -> list[str]:
    """The lines to print: not more than people read, and the others counted."""
    hidden = len(taken) - PRINTED
    if hidden <= 0:
        return list(taken)
    return [f"{hidden} more lines like these:", *taken[-PRINTED:]]


def _print_rest(collected: Lines) -> None:
    pending = collected.take()
    for line in [*lines_to_print(pending.warnings), *lines_to_print(pending.failures)]:
        print_line(line, level=logging.ERROR, err=True)
    collected.close()
