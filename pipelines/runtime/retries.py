"""Trying again, with pauses that grow and are spread at random."""

from __future__ import annotations

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
