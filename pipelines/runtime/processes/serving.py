"""A process of a pool: it does one call after the other until the pool is gone.

Run as `python -m pipelines.runtime.processes.serving PARENT LINK OCTETS MODULE…`.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import queue
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from pathlib import Path

from pipelines.errors import ShardlineError, TransientError
from pipelines.runtime.logs import clean_log_records
from pipelines.runtime.processes.errors import DefectiveCallError, LargeResultError
from pipelines.runtime.processes.messages import BEGUN, READY, Outcome
from pipelines.runtime.signals import END_SIGNALS, die_with_parent

NICENESS = 10
"""How much others go first: somebody waits for a picture longer than for a word."""

KILLED_FIRST = 500
"""Added to what the kernel ends processes by when memory is short (see proc(5))."""

MOST_RECORDS = 100
"""Lines of the log that one call may have."""

Records = queue.Queue[logging.LogRecord]


def serve(link: Connection, most_octets: int, modules: Iterable[str]) -> None:
    """Get ready, and do whatever comes.

    Args:
        link: To the pool.
        most_octets: Of what a call returns.
        modules: What is imported before the first call. One that is not installed is
            missed by the call that needs it.
    """
    records = _keep_records()
    for module in modules:
        with suppress(ImportError):
            importlib.import_module(module)
    link.send_bytes(READY)
    while True:
        call = link.recv_bytes()
        link.send_bytes(BEGUN)
        link.send_bytes(_answer(call, most_octets, records))


def _answer(call: bytes, most_octets: int, records: Records) -> bytes:
    """What comes of a call, pickled."""
    try:
        function, arguments = pickle.loads(call)  # noqa: S301 - our parent's own
        value = pickle.dumps(Outcome(function(*arguments), records=_taken(records)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the pool goes on
        return _failed(error, records)
    if len(value) > most_octets:
        return _failed(_too_large(len(value), most_octets), records)
    return value


def _failed(error: Exception, records: Records) -> bytes:
    try:
        outcome = Outcome(error=_told(error), records=_taken(records))
        pickled = pickle.dumps(outcome)
        pickle.loads(pickled)  # noqa: S301 - our own: it may not survive that
    except Exception:  # noqa: BLE001 - an error that cannot travel
        return pickle.dumps(Outcome(error=DefectiveCallError.of(error)))
    return pickled


def _told(error: Exception) -> ShardlineError:
    if isinstance(error, ShardlineError):
        return error
    if isinstance(error, MemoryError):
        return TransientError("there is not enough memory for it", step="ask for less")
    logging.getLogger(__name__).error("a call for slow work failed", exc_info=error)
    return DefectiveCallError.of(error)


def _too_large(octets: int, most: int) -> LargeResultError:
    why = f"what comes of it has {octets:,} octets, and may have {most:,}"
    return LargeResultError(why, step="ask for less")


def _keep_records() -> Records:
    """Keep what is logged for the pool, which has it shown as its own lines are."""
    clean_log_records()
    records: Records = queue.Queue(MOST_RECORDS)
    logging.getLogger().addHandler(QueueHandler(records))
    logging.raiseExceptions = False  # what is beyond the bound is dropped
    return records


def _taken(records: Records) -> tuple[logging.LogRecord, ...]:
    taken = []
    with suppress(queue.Empty):
        while True:
            taken.append(records.get_nowait())
    return tuple(taken)


def _stand_back(parent: int) -> None:
    """Die with the pool, by nobody else's signals, and before it when memory is short.

    The pool is told to end by the same signals, and ends this when it is ready to.
    """
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    die_with_parent(parent)
    os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(KILLED_FIRST), encoding="ascii")


if __name__ == "__main__":
    _stand_back(int(sys.argv[1]))
    with suppress(EOFError, OSError):
        serve(Connection(int(sys.argv[2])), int(sys.argv[3]), sys.argv[4:])
