"""What a pool's processes are called for in tests."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from pipelines.errors import PermanentError


class PickyError(PermanentError):
    """One that cannot be made anew from what it was made of."""

    def __init__(self, cause: str, more: str) -> None:
        super().__init__(f"{cause} {more}")


def process() -> int:
    return os.getpid()


def double(number: int) -> int:
    return 2 * number


def hang(told: Path) -> None:
    """Tell which process it is, and end never."""
    told.write_text(str(os.getpid()))
    while True:
        signal.pause()


def many(octets: int) -> bytes:
    return bytes(octets)


def fail() -> NoReturn:
    raise PermanentError("no such report", step="name one", where="orders")


def fail_pickily() -> NoReturn:
    raise PickyError("one", "two")


def fail_by_a_defect() -> NoReturn:
    {}["nothing"]
    raise AssertionError


def leave() -> NoReturn:
    sys.exit(0)


def unpicklable() -> object:
    return lambda: None


def write_and_log() -> None:
    sys.stdout.write("out\n")
    sys.stderr.write("err\n")
    os.write(1, b"out\n")
    os.write(2, b"err\n")
    logging.getLogger("pipelines.slow").warning("it took %d tries", 3)


def descriptors() -> dict[str, str]:
    """What is open."""
    folder = Path("/proc/self/fd")
    return {one.name: str(one.readlink()) for one in folder.iterdir() if one.exists()}


def standing() -> tuple[int, int, str]:
    """Niceness, session, and how soon it is killed."""
    score = Path("/proc/self/oom_score_adj").read_text()
    return os.nice(0), os.getsid(0), score.strip()
