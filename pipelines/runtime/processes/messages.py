"""What a pool's process tells the pool."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pipelines.errors import ShardlineError

READY = b"ready"
"""It has imported what calls need."""

BEGUN = b"begun"
"""It has got a call: whatever ends it from now on may be the call's doing."""


@dataclass(frozen=True)
class Outcome:
    """What has come of a call; behind these, in a message of its own.

    Attributes:
        value: What it returned.
        error: What it raised instead.
        records: What was logged meanwhile.
    """

    value: object = None
    error: ShardlineError | None = None
    records: tuple[logging.LogRecord, ...] = ()
