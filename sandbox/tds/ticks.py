"""How moments are counted: ticks of 100 ns since 0001-01-01 00:00, and days."""

from __future__ import annotations

TICKS_PER_SECOND = 10_000_000
TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
TICKS_PER_DAY = 86_400 * TICKS_PER_SECOND
LAST_TICK = 3_652_059 * TICKS_PER_DAY - 1
"""The last of 9999-12-31."""

DAYS_1900 = 693_595
"""Days from 0001-01-01 to 1900-01-01, where datetime begins to count."""
