"""Trying again, with pauses that grow and are spread at random."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from pipelines.errors import TransientError
from pipelines.runtime.signals import stopper

logger = logging.getLogger(__name__)

T = TypeVar("T")

NOTICED = 3.0
"""Seconds of a pause that somebody who waits is told of."""


def retrying(
    error: type[Exception], *, attempts: int, backoff: float, backoff_max: float
) -> Retrying:
    """Attempts, for as long as each raises `error`; what the last raises goes on.

    Args:
        error: What is worth another attempt.
        attempts: How many there are at most.
        backoff: Seconds before the second one; doubled each time, and up to as much
            again added at random, so that many that failed together part.
        backoff_max: Most seconds between two attempts, without what is added.
    """
    return Retrying(
        stop=stop_after_attempt(attempts),
        wait=wait_exponential(multiplier=backoff, max=backoff_max)
        + wait_random(0, backoff),
        retry=retry_if_exception_type(error),
        reraise=True,
    )


def ask_with_retries(question: Callable[[], T], tries: Retrying) -> T:
    """Ask something, from its beginning again for as long as what fails may pass.

    No pause holds up the end of a process that is told to end, not even in a thread
    beside the main one, where no signal raises anything.

    Args:
        question: What asks; it leaves nothing behind when it fails.
        tries: How often to ask, and with what pauses.

    Raises:
        TransientError: All attempts failed.
        ShardlineError: An attempt failed for a reason that stays.
        Stop: The process was told to end.
    """
    asking = tries.copy(sleep=_sleep, before_sleep=_log_pause)
    try:
        return asking(question)
    except TransientError as error:
        count = asking.statistics["attempt_number"]
        if count > 1:
            error.step = f"tried {count} times; {error.step}"
        raise


def _sleep(seconds: float) -> None:
    stopper().stopped.wait(seconds)
    stopper().check()


def _log_pause(state: RetryCallState) -> None:
    error = state.outcome and state.outcome.exception()
    level = logging.WARNING if state.upcoming_sleep >= NOTICED else logging.INFO
    logger.log(
        level, "%s; it will be tried again in %.0f seconds", error, state.upcoming_sleep
    )


@dataclass
class RunRetries:
    """How a run goes on after a failure that may pass.

    Attributes:
        ours: Whether the run repeats by itself; otherwise Luigi may.
        left: How often it will try again what fails now.
        pause: Seconds until it does.
    """

    ours: bool = False
    left: int = 0
    pause: float = 0.0


@cache
def run_retries() -> RunRetries:
    """Those of this run; children that are forked see them as they were then."""
    return RunRetries()
