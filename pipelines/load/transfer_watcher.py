"""Who is told how a transfer goes on."""

from __future__ import annotations

from typing import Protocol


class TransferWatcher(Protocol):
    """Who is told how a transfer goes on."""

    def sent(self, rows: int) -> None:
        """So many rows have been sent so far."""

    def warn(self, why: str) -> None:
        """Someone should see to this, although nothing failed."""
