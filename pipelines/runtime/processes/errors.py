"""What a call that was to be done by another process may fail of, besides itself."""

from __future__ import annotations

from typing import Self

from pipelines.errors import PermanentError, TransientError


class BusyPoolError(TransientError):
    """Too many calls wait already, or no process was free in time."""


class LateCallError(TransientError):
    """The call took too long, and its process was killed."""


class DeadProcessError(TransientError):
    """The call's process has died of it, or was killed from outside."""


class ClosedPoolError(TransientError):
    """The processes are being ended, and with them whatever they did."""


class LargeResultError(PermanentError):
    """What the call returns is more than may be passed on."""


class DefectiveCallError(PermanentError):
    """The call raised what is none of our errors."""

    @classmethod
    def of(cls, error: Exception) -> Self:
        """What is told of another's error."""
        why = f"{type(error).__name__}: {error}"
        return cls(why, step="this may be a defect of shardline")
