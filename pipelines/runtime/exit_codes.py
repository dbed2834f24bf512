"""The exit codes of every command that runs something: docs/running.md shows them."""

from __future__ import annotations

import configparser
import signal
from enum import IntEnum

from pipelines.errors import ConfigurationError, ShardlineError
from pipelines.runtime.failure_lines import failure_log
from pipelines.runtime.signals import Stop


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


UNREAD_OUTPUT = 1
"""With which click ends a command whose output nobody reads any more."""


def exit_code_of(error: BaseException) -> int:
    """The code with which the command ends, if this is what ends it."""
    match error:
        case Stop():
            return 128 + error.number
        case KeyboardInterrupt() | EOFError():
            return 128 + signal.SIGINT
        case SystemExit():
            return _code_of_exit(error)
        case ConfigurationError() | configparser.Error() | UnicodeDecodeError():
            return ExitCode.USAGE
        case ShardlineError():
            unreported = failure_log().unreported()
            return ExitCode.UNHANDLED if unreported else ExitCode.FAILED
        case BrokenPipeError():
            return UNREAD_OUTPUT
        case _:
            return ExitCode.UNHANDLED


def _code_of_exit(error: SystemExit) -> int:
    """As the interpreter has it: nothing is 0, a text is printed, and 1."""
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else 1
