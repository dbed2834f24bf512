"""How a run of Luigi ended, as an exit code and in words."""

from __future__ import annotations

from luigi.execution_summary import LuigiStatusCode

from pipelines.runtime import ExitCode, failure_log, stopper


def exit_code_for(status: LuigiStatusCode, *, complete: bool) -> ExitCode:
    """How a run ended: markers say whether all is well, Luigi what is not."""
    if complete:
        return ExitCode.COMPLETE
    if number := stopper().number:
        return ExitCode(128 + number)
    if failure_log().unreported():
        return ExitCode.UNHANDLED
    match status:
        case LuigiStatusCode.MISSING_EXT:
            return ExitCode.NOT_READY
        case LuigiStatusCode.SCHEDULING_FAILED:
            return ExitCode.NOT_SCHEDULED
        case LuigiStatusCode.NOT_RUN:
            return ExitCode.NOT_RUN
        case LuigiStatusCode.SUCCESS:
            # Nothing failed and yet something is missing: others are at it.
            return ExitCode.ALREADY_RUNNING
        case _:
            return ExitCode.FAILED


def why_missing(code: ExitCode) -> str:
    """What is with days that are missing, although nothing has failed."""
    match code:
        case ExitCode.INTERRUPTED | ExitCode.TERMINATED:
            return "not loaded, since the run was told to end"
        case ExitCode.ALREADY_RUNNING:
            return "being loaded by another run; wait for its end"
        case ExitCode.NOT_RUN:
            return (
                "kept by luigid for another run, or for one that has died until it"
                " drops that; see its page, and run it again in two minutes"
            )
        case _:
            return "not loaded; run it again with --verbose"
