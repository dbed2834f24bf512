"""Records that a process shares with the children it forks, as Luigi's workers are."""

from __future__ import annotations

import json
import os
import tempfile
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
