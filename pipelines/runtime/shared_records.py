"""Records that a process shares with the children it forks, as Luigi's workers are."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class SharedRecords:
    """Records of this process and of the children that it forks from now on.

    They are kept in a file without a name, which is gone when the last of them ends.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._file = tempfile.TemporaryFile("ab+", buffering=0)  # noqa: SIM115 - kept

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Keep the other processes out of what has the same key meanwhile.

        Who dies within it lets the next one in.
        """
        place = zlib.crc32(key.encode())
        # Such a lock belongs to a process, unlike flock's, which children inherit.
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, place)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def add(self, record: object) -> None:
        """Add what JSON can hold."""
        # Appended by one write, so that records of several processes do not mix.
        os.write(self._file.fileno(), json.dumps(record).encode() + b"\n")

    def end(self) -> int:
        """The offset after all that there is now."""
        return os.fstat(self._file.fileno()).st_size

    def since(self, start: int) -> tuple[list[Any], int]:
        """The records from an offset on, as they came, and the offset after them.

        Args:
            start: 0, or an offset that this has returned.
        """
        octets = os.pread(self._file.fileno(), self.end() - start, start)
        whole = octets.rfind(b"\n") + 1
        return [json.loads(line) for line in octets[:whole].splitlines()], start + whole
