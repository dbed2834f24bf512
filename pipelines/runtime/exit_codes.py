"""The exit codes of every command that runs something: docs/running.md shows them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a run ended; 10 to 40 are those of ``[retcode]`` in luigi.cfg.

    Of several that apply, the greatest one counts.
    """

    COMPLETE = 0
    """All that was asked for is there."""
    USAGE = 2
    """Wrong usage or configuration; nothing was started."""
    ALREADY_RUNNING = 10
    """What is missing is being loaded by another run."""
    NOT_READY = 20
    """A day is not over yet in some shard's time zone."""
    NOT_RUN = 25
    """luigid keeps something for another run, or did not let it run."""
    FAILED = 30
    """Something failed."""
    NOT_SCHEDULED = 35
    """What has to be done could not be found out."""
    UNHANDLED = 40
    """Something failed of which those on call may not know: the outbox of alerts did
    not take it, luigid went away, or it is a defect."""
    INTERRUPTED = 130
    """Ended by SIGINT, as Ctrl-C sends it."""
    TERMINATED = 143
    """Ended by SIGTERM, as a container is stopped."""
