"""An end to waiting for what has time-outs of its own for each step only."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar

from pipelines.errors import ShardlineError
from pipelines.runtime.alarm_clock import alarms
from pipelines.runtime.exit_codes import ExitCode
from pipelines.runtime.signals import end_process, stopper

logger = logging.getLogger(__name__)

T = TypeVar("T")

LAST_LOOK = 5.0
"""Most seconds for a question of a process that was told to end."""


def finish_within(seconds: float, work: Callable[[], T]) -> T:
    """What some work returns, if that is in time.

    A socket's time-out starts anew with each octet, and the look-up of a name has none.
    So the work is done in a thread, and one that is late is not waited for. It must end
    by itself, and may still have its effect.

    Raises:
        TimeoutError: It is not done in time; or there was no time, and it is not begun.
    """
    if seconds <= 0:
        raise TimeoutError
    outcome: Future[T] = Future()

    def do() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller
            outcome.set_exception(error)

    Thread(target=do, daemon=True).start()
    return outcome.result(seconds)


@dataclass
class TimeLimit:
    """A block's; `passed` tells whether it took longer."""

    passed: bool = False


_AGAIN = 0.5
"""Seconds between two attempts at ending what goes on in spite of the first."""

_HOPE = 10.0
"""Least seconds for which it may go on."""

_HOPELESS = (
    "a driver does not come back although its connection was cut, so this process ends;"
    " see what answers at the server's address, and run it again"
)


@contextmanager
def cut_after(seconds: float, cut: Callable[[], None]) -> Iterator[TimeLimit]:
    """Have `cut` called from another thread when a block takes longer.

    It is called again until the block ends: a driver may just be opening another
    connection in the place of the one that was cut. Should it not end for as long
    again, the process does: FreeTDS can be led to read what is not there for ever, and
    a thread that is in it cannot be ended.

    Args:
        seconds: How long the block may take.
        cut: Makes the block fail soon; waits for nothing, and raises nothing.
    """
    limit = TimeLimit()
    hopeless = time.monotonic() + seconds + max(seconds, _HOPE)

    def ring() -> float:
        limit.passed = True
        if time.monotonic() > hopeless:
            end_process(_HOPELESS, ExitCode.FAILED)
        cut()
        return _AGAIN

    with alarms().ringing(seconds, ring):
        yield limit


def ask_before_the_end(question: Callable[[], T]) -> T | None:
    """What a question answers, in a process that was told to end; None if not soon.

    Args:
        question: What asks, over a connection that nobody else uses.
    """
    try:
        return finish_within(stopper().left(LAST_LOOK), question)
    except (ShardlineError, TimeoutError) as error:
        logger.info("what was committed before the end is not known: %s", error)
        return None
