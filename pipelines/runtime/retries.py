"""Trying again, with pauses that grow and are spread at random."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)


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
