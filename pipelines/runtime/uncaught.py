"""What Python and libraries write to standard error by themselves, as lines of ours."""

from __future__ import annotations

import atexit
import io
import json
import logging
import sys
import threading
from types import TracebackType
from typing import TextIO

from pipelines.runtime.logs import is_json, line_of

logger = logging.getLogger(__name__)


def log_uncaught() -> None:
    """Log warnings, and exceptions that nobody handles, in any thread.

    Where lines are JSON, all else that is written to standard error is made so, too.
    """
    logging.captureWarnings(capture=True)
    sys.excepthook = _log
    threading.excepthook = _log_of_thread
    sys.unraisablehook = _log_unraisable
    if is_json() and sys.stderr and not isinstance(sys.stderr, JsonOnly):
        sys.stderr = JsonOnly(sys.stderr)
        atexit.register(sys.stderr.end)


class JsonOnly(io.TextIOBase):
    """A stream that makes an object of each line that is none yet."""

    def __init__(self, stream: TextIO) -> None:
        """Write to a stream."""
        self._stream = stream
        # Each thread's own, so that nothing is locked when a process is forked.
        self._begun = threading.local()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """The stream's."""
        return self._stream.errors

    def write(self, text: str) -> int:
        """Write the lines that end in it."""
        *lines, rest = (getattr(self._begun, "text", "") + text).split("\n")
        self._begun.text = rest
        for line in lines:
            if line.strip():
                self._stream.write(f"{_as_object(line)}\n")
        return len(text)

    def end(self) -> None:
        """Write what has no end yet."""
        self.write("\n")
        self.flush()

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def fileno(self) -> int:
        """The stream's."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal; what is JSON is for none."""
        return False

    def writable(self) -> bool:
        """It is."""
        return True


def _as_object(line: str) -> str:
    try:
        is_one = isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        is_one = False
    return line if is_one else line_of(line, level=logging.WARNING)


def _log(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    logger.error("an exception that nobody handled", exc_info=(kind, error, trace))


def _log_of_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value is None or found.exc_type is SystemExit:
        return
    name = found.thread.name if found.thread else "a thread"
    logger.error(
        "an exception that nobody handled in %s",
        name,
        exc_info=(found.exc_type, found.exc_value, found.exc_traceback),
    )


def _log_unraisable(found: sys.UnraisableHookArgs) -> None:
    if found.exc_value is None:
        return
    logger.error(
        "%s: %r",
        found.err_msg or "an exception that cannot be raised",
        found.object,
        exc_info=(found.exc_type, found.exc_value, found.exc_traceback),
    )
