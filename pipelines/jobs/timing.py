"""How long a worker waits for what."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_PAUSE = 3_600.0
"""Most seconds until a job that has failed is tried again."""

LONGEST_WAIT = 86_400.0
"""Most seconds that a job waits for other runs.

By then the schedule's next run has been at it, too. What is still being loaded is kept
by a run that hangs, and somebody has to look.
"""

DOUBLINGS = 30
"""After so many any pause is the longest one."""


@dataclass(frozen=True)
class Timing:
    """Seconds, all of them.

    Attributes:
        lease: For which a job is its worker's, from each renewal on.
        beat: Between two renewals.
        poll: Between two looks for a job, or for somebody who wants one to end.
        backoff: Until a job that has failed once is tried again; it doubles each time.
        grace: That a job has to end in order.
        longest_wait: From when a job first had to wait for another run until it has
            failed, if it has to once more.
    """

    lease: float = 30.0
    beat: float = 10.0
    poll: float = 1.0
    backoff: float = 30.0
    grace: float = 30.0
    longest_wait: float = LONGEST_WAIT

    @property
    def end_without_beat(self) -> float:
        """After the last renewal, when a child is told to end: nobody renews it."""
        return self.lease * 2 / 3

    @property
    def kill_without_beat(self) -> float:
        """When it is killed, so that it is gone before another worker may begin."""
        return self.lease * 5 / 6

    def pause(self, failures: int) -> float:
        """Until the next attempt, after so many have failed."""
        doubled = self.backoff * 2.0 ** min(failures - 1, DOUBLINGS)
        return min(doubled, LONGEST_PAUSE)
