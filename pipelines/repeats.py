"""What the run will still do about a task that fails: known to the children, too."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass
class Repeats:
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
def repeats() -> Repeats:
    """Those of this run; children that are forked see them as they were then."""
    return Repeats()
