"""Becomes a job's command, after it has seen to it that it dies with the worker.

Run as a script, `launcher.py PARENT BEFORE COMMAND…`, without what a package would
import. A function between fork and exec would do the same, but not safely: the worker
has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

PR_SET_PDEATHSIG = 1
"""See prctl(2); it lasts through exec. Only on Linux is there such a thing."""

NOT_BEGUN = 75
"""The exit code if the command was not begun: EX_TEMPFAIL of sysexits.h."""


def become(parent: int, before: float, command: Sequence[str]) -> NoReturn:
    """Become the command, unless the parent has died already, or it is too late.

    Args:
        parent: The worker's process.
        before: Until when the job is the worker's for certain, by the monotonic clock.
        command: The program and its arguments.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the kernel was asked, or slept for too long.
    if os.getppid() != parent or time.monotonic() >= before:
        os._exit(NOT_BEGUN)
    os.execvp(command[0], list(command))  # noqa: S606 - without a shell: our own command


if __name__ == "__main__":
    become(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
