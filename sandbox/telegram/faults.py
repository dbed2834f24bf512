"""What tests make go wrong with the next calls."""

from __future__ import annotations

import fnmatch
import threading
from dataclasses import dataclass
from http import HTTPStatus

from sandbox.telegram.errors import ApiError
from sandbox.telegram.updates import CONFLICT

DOWNLOAD = "file"
"""What a download is called where methods are named."""

_DESCRIPTIONS = {
    400: "Bad Request: chat not found",
    403: "Forbidden: bot was blocked by the user",
    409: CONFLICT,
}


@dataclass
class _Fault:
    method: str
    times: int
    error: ApiError | None = None
    seconds: float = 0.0
    cuts: bool = False

    def takes(self, method: str) -> bool:
        """Count a call down if it is one of those meant."""
        if not self.times or not fnmatch.fnmatchcase(
            method.lower(), self.method.lower()
        ):
            return False
        self.times -= 1
        return True


class Faults:
    """Errors and delays for calls to come. Thread-safe."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._woken = threading.Condition(self._lock)
        self._wakings = 0
        self._faults: list[_Fault] = []

    def fail(
        self, code: int, description: str, retry_after: int, times: int, method: str
    ) -> None:
        """Let calls fail, before anything is done.

        Args:
            code: The HTTP status.
            description: Its text; `""` for a usual one.
            retry_after: Seconds, for a 429.
            times: How many calls.
            method: Of which method; a glob, in any case.

        Raises:
            ValueError: No answer of an error has such a code.
        """
        if not 400 <= code < 600:  # noqa: PLR2004 - HTTP's client and server errors
            raise ValueError(f"an error's code is from 400 to 599, not {code}")
        if not description and retry_after:
            description = f"Too Many Requests: retry after {retry_after}"
        error = ApiError(code, description or _usual(code), retry_after=retry_after)
        self._add(_Fault(method, times, error=error))

    def slow(self, seconds: float, times: int, method: str) -> None:
        """Hold answers back, when all is done; see `fail` for the arguments."""
        self._add(_Fault(method, times, seconds=seconds))

    def cut_downloads(self, times: int) -> None:
        """Let downloads end in the middle of the file."""
        self._add(_Fault(DOWNLOAD, times, cuts=True))

    def clear(self) -> None:
        """Let all calls go well."""
        with self._lock:
            self._faults.clear()
        self.wake()

    def wake(self) -> None:
        """Hold no answer back any longer."""
        with self._lock:
            self._wakings += 1
            self._woken.notify_all()

    def error_for(self, method: str) -> ApiError | None:
        """Return what this call fails with, None if it does not."""
        with self._lock:
            meant = [one for one in self._faults if one.error]
            return next((one.error for one in meant if one.takes(method)), None)

    def is_cut(self) -> bool:
        """Return whether this download ends in the middle."""
        with self._lock:
            return any(one.takes(DOWNLOAD) for one in self._faults if one.cuts)

    def hold_back(self, method: str) -> None:
        """Return when the answer to this call may go."""
        with self._lock:
            meant = [one for one in self._faults if one.seconds]
            seconds = next((one.seconds for one in meant if one.takes(method)), 0.0)
            before = self._wakings
            self._woken.wait_for(lambda: self._wakings != before, timeout=seconds)

    def _add(self, fault: _Fault) -> None:
        with self._lock:
            self._faults.append(fault)


def _usual(code: int) -> str:
    return _DESCRIPTIONS.get(code) or HTTPStatus(code).phrase
