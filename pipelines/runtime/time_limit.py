"""An end to waiting for what has time-outs of its own for each step only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


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
