"""How far a command is, told to the worker that has started it as a job.

The worker hands down a file without a name, and reads the one record in it when it
likes. Nothing waits for anybody, and nothing is left behind by who is killed.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipelines.runtime.run_ledger import ledger

PROGRESS_VARIABLE = "SHARDLINE_PROGRESS"
"""Names the file: its descriptor, and by which device and inode it is known."""

TELL = 1.0
"""Seconds between two records."""

RECORD = 128
"""Octets of each."""


class ProgressFile:
    """The file, for the worker."""

    def __init__(self) -> None:
        """Make it."""
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - kept
        found = os.fstat(self._file.fileno())
        self.descriptor = self._file.fileno()
        self.variable = f"{self.descriptor}:{found.st_dev}:{found.st_ino}"

    def read(self) -> tuple[int, int, int]:
        """How many are done, of how many, and rows; zeros until somebody tells."""
        return _read(self.descriptor)

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


@contextmanager
def telling_progress(days: int) -> Iterator[None]:
    """Tell the worker, if there is one, how far the run is while it does the block.

    Args:
        days: How many days of shards there are to do; those of several blocks add up.
    """
    descriptor = _descriptor()
    if descriptor is None:
        yield
        return
    total = _read(descriptor)[1] + days
    ended = threading.Event()

    def go_on() -> None:
        is_over = False
        while not is_over:
            is_over = ended.wait(TELL)
            done, rows = ledger().progress()
            _write(descriptor, min(done, total), total, rows)

    _write(descriptor, ledger().progress()[0], total, ledger().progress()[1])
    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _descriptor() -> int | None:
    """The file's, if this process has inherited it, and not only its variable."""
    given = os.environ.get(PROGRESS_VARIABLE, "")
    with suppress(ValueError, OSError):
        descriptor, *known = (int(part) for part in given.split(":"))
        found = os.fstat(descriptor)
        if known == [found.st_dev, found.st_ino]:
            return descriptor
    return None


def _write(descriptor: int, done: int, total: int, rows: int) -> None:
    record = json.dumps([done, total, rows]).ljust(RECORD).encode()
    with suppress(OSError):  # such as a full disk, which is no reason to fail
        os.pwrite(descriptor, record, 0)


def _read(descriptor: int) -> tuple[int, int, int]:
    with suppress(ValueError, OSError):
        done, total, rows = json.loads(os.pread(descriptor, RECORD, 0))
        return int(done), int(total), int(rows)
    return 0, 0, 0
