"""What SQL Server says during a login, as db-lib hands it over.

The driver keeps the number of a process's first failed login for the later ones,
forgets their texts, and of several messages keeps one: it cannot tell a refused
password from a default database that is not available.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from typing import NamedTuple

from pymssql import _mssql

from pipelines.errors import one_line
from pipelines.runtime import stopper

_INFORMATION = 10
"""The highest severity of what is no error."""

_HANDLER = ctypes.CFUNCTYPE(
    ctypes.c_int,  # INT_CONTINUE or INT_CANCEL
    ctypes.c_void_p,  # DBPROCESS
    ctypes.c_int32,  # number
    ctypes.c_int,  # state
    ctypes.c_int,  # severity
    ctypes.c_char_p,  # text
    ctypes.c_char_p,  # server
    ctypes.c_char_p,  # procedure
    ctypes.c_int,  # line
)


class Message(NamedTuple):
    """An error of the server's: its number and text."""

    number: int
    text: str


class LoginMessages:
    """Hears what the driver hears, and passes it on."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        self._threads = threading.local()
        self._lock = threading.Lock()
        self._logins = 0
        self._ours = _HANDLER(self._hear)  # kept: db-lib has but its address
        with suppress(OSError, AttributeError):  # a driver that keeps db-lib to itself
            self._put = ctypes.CDLL(_mssql.__file__).dbmsghandle
            self._put.argtypes, self._put.restype = [_HANDLER], ctypes.c_void_p

    @contextmanager
    def heard(self) -> Iterator[list[Message]]:
        """The errors that come in this thread meanwhile, added as they come.

        Raises:
            Stop: The process was told to end: what a signal raises while C calls us
                would be lost, and so waits until then.
        """
        self._threads.errors = errors = list[Message]()
        before = stopper().number
        in_main = threading.current_thread() is threading.main_thread()
        try:
            with stopper().shielded() if in_main else nullcontext(), self._in_place():
                yield errors
        finally:
            del self._threads.errors
            if in_main and stopper().number is not before:
                stopper().check()

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        """Stand before the driver's own handler, for all threads that log in."""
        if not hasattr(self, "_put"):
            yield
            return
        with self._lock:
            self._logins += 1
            if self._logins == 1:
                self._drivers = _HANDLER(self._put(self._ours))
        try:
            yield
        finally:
            with self._lock:
                self._logins -= 1
                if self._logins == 0:
                    self._put(self._drivers)

    def _hear(
        self,
        process: int,
        number: int,
        state: int,
        severity: int,
        text: bytes | None,
        *rest: object,
    ) -> int:
        errors: list[Message] | None = getattr(self._threads, "errors", None)
        if errors is not None and severity > _INFORMATION:
            told = (text or b"").decode("utf-8", "replace")
            errors.append(Message(number, one_line(told)))
        return int(self._drivers(process, number, state, severity, text, *rest))


@cache
def login_messages() -> LoginMessages:
    """Those of this process, whose driver has but one handler."""
    return LoginMessages()
