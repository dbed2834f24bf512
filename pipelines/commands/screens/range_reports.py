"""Reports of a run, printed as they come."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from pipelines.errors import ShardlineError
from pipelines.runs import RangeReport
from pipelines.runtime import (
    ExitCode,
    exit_code_of,
    lines_to_print,
    print_json,
    print_line,
    stopper,
)


def print_reports(reports: Iterable[RangeReport], *, as_json: bool = False) -> int:
    """Print reports as they come, until the run fails or is told to end.

    Args:
        reports: What was done; whatever has not been asked for is not done.
        as_json: Whether to print all of them in the end, for programs.

    Returns:
        The greatest of their exit codes, and of the failure's.

    Raises:
        ShardlineError: The run failed before there was any report.
        Stop: The run was told to end; what was done has been printed.
    """
    printed = []
    codes: list[int] = [ExitCode.COMPLETE]
    try:
        for report in reports:
            _print(report, only_lines=as_json)
            printed.append(report)
            codes.append(report.exit_code)
            if stopper().number:
                break
    except ShardlineError as error:
        if not printed:
            raise
        print_line(f"shardline: {error}", level=logging.ERROR, err=True)
        codes.append(exit_code_of(error))
    if as_json:
        print_json([one.as_fields() for one in printed])
    stopper().check()
    return max(codes)


def _print(report: RangeReport, *, only_lines: bool) -> None:
    first, last = str(report.days.first), str(report.days.last)
    days = {"day": first} if first == last else {"from": first, "to": last}
    about = {"table": report.table, **days}
    for line in lines_to_print(report.warnings):
        print_line(line, about, level=logging.WARNING, err=True)
    for line in lines_to_print(report.failures):
        print_line(line, about, level=logging.ERROR, err=True)
    if not only_lines:
        code = int(report.exit_code)
        print_line(str(report), {**about, "rows": report.rows, "exit_code": code})
