"""Waiting for what another thread or process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable

WAIT = 60.0


def until(condition: Callable[[], object]) -> None:
    """Look again and again until it holds; it must in time."""
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)
