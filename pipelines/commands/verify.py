"""`shardline verify`: does the warehouse have what the shards have?"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import click
from rich.status import Status
from rich.text import Text

from pipelines.alerts import start_sender
from pipelines.commands.as_job import AlsoAsJob
from pipelines.commands.in_audit import in_audit
from pipelines.commands.verb_options import verb_options
from pipelines.config import Settings, read_settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_engine
from pipelines.operations import VERIFY, VerifyArguments, selected
from pipelines.planning import Selection
from pipelines.runtime import (
    ExitCode,
    ask_with_retries,
    is_json,
    limit_memory,
    print_json,
    print_line,
    say,
    warn,
)
from pipelines.text import Console
from pipelines.verify import Verdict, VerifyOptions, mend_days, verify, wrong_spans

HELP = """Compare the shards with the warehouse, and name what differs.

    \b
    Examples:
      shardline verify --from 2019-03-01 --to 2019-03-31 --workers 4
      shardline verify --from 2019-03-14 --to 2019-03-14 --tables orders --deep
      shardline verify --from 2019-03-14 --to 2019-03-14 --shards moscow --reload

    Each day of each shard is read again, and its count and checksum compared with
    those that its marker has from the load; the warehouse's rows are counted against
    the markers. --deep reads the warehouse's values back as well and compares them
    one by one. Found and named are rows that were deleted or duplicated, rows and
    values that changed in the source after their load, rows whose date moved to
    another of the days, rows without a marker, and days that are not loaded. Rows of
    the shards that have no date, and so are in none of the days, are counted.

    --reload loads what differs again, in the place of what is there, and verifies it
    once more; readers see the old or the new, and other loads go on.

    \b
    Exit codes:
       0  nothing differs, or --reload has mended it all
       2  wrong usage or configuration
      30  something differs, rows have no date where the table's entry does not allow
          for them, or a shard or the warehouse could not be read
    """


@click.command("verify", cls=AlsoAsJob, verb=VERIFY, help=HELP)
@verb_options(VerifyArguments)
@click.option(
    "--workers",
    type=click.IntRange(min=1, max=64),
    default=1,
    show_default=True,
    help="How many shards are read at a time.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify_command(arguments: VerifyArguments, workers: int, as_json: bool) -> None:
    """Compare source and warehouse."""
    options = read_settings()
    limit_memory(options.run.memory_mib)
    selection, mending = selected(options, arguments), arguments.reload
    how = partial(VerifyOptions, arguments.deep, workers, not arguments.shards)
    with in_audit(options.sessions) if mending else nullcontext():
        is_well = _verify(options, selection, how, mending=mending, as_json=as_json)
        sys.exit(ExitCode.COMPLETE if is_well else ExitCode.FAILED)


def _verify(
    options: Settings,
    selection: Selection,
    how: Callable[[Callable[[int, int], None]], VerifyOptions],
    *,
    mending: bool,
    as_json: bool,
) -> bool:
    """Compare, mend if that is wished, and tell; whether all is well then."""
    console = Console(stderr=True, quiet=is_json())
    with console.status("reading the markers") as line:
        verdict = verify(options, selection, how(_progress_line(line)), None)
    after: Verdict | None = None
    # Printed at once: whatever becomes of the reload, this was found.
    if not as_json:
        _print_verdict(verdict)
    if mending and verdict.differences:
        with console.status("loading again what differs") as line:
            failures = _mend(options, verdict, line)
            wrong = frozenset(verdict.wrong)
            after = verify(options, selection, how(_progress_line(line)), wrong)
            after.failures += failures
        if not as_json:
            _print_reload(verdict, after)
    if as_json:
        print_json(_fields(verdict, after))
    return _is_well(verdict, after)


def _is_well(verdict: Verdict, after: Verdict | None) -> bool:
    """Whether all was read, and nothing differs any more."""
    final = after or verdict
    undated = any(one.fails for one in verdict.undated)
    return not (verdict.failures or final.failures or final.differences or undated)


class _Warnings:
    """Tells what someone should see to while days are loaded again."""

    def sent(self, rows: int) -> None:
        """So many rows have been sent so far."""

    def warn(self, why: str) -> None:
        """Someone should see to this, although nothing failed."""
        warn(f"warning: {why}")


def _mend(options: Settings, verdict: Verdict, line: Status) -> list[ShardlineError]:
    """Load again what differs; what could not be."""
    database = options.sessions.database
    try:
        ask_with_retries(lambda: etl_engine(database), options.load.tries())
        start_sender(options)
    except ShardlineError as error:  # without its log nothing is loaded
        return [error]
    failures = []
    for span in wrong_spans(options, verdict.wrong):
        line.update(Text(f"loading {span} again"))  # its name is no markup
        try:
            mend_days(span, options, _Warnings())
        except ShardlineError as error:
            failures.append(error)
    return failures


def _progress_line(line: Status) -> Callable[[int, int], None]:
    return lambda at, of: line.update(f"compared {at:,} of {of:,}")


def _print_verdict(verdict: Verdict) -> None:
    for difference in verdict.differences:
        say(str(difference))
    for shard in verdict.undated:
        say(str(shard))
    for failure in verdict.failures:
        print_line(str(failure), level=logging.ERROR, err=True)
    if verdict.meanwhile:
        text = "days of shards were loaded meanwhile, and not judged"
        warn(f"{verdict.meanwhile:,} {text}")
    wrong = len(verdict.wrong)
    undated = sum(one.rows for one in verdict.undated)
    say(
        f"compared {verdict.days:,} days of shards, {verdict.rows:,} rows:"
        f" {wrong:,} differ"
        + (f", {len(verdict.failures)} failed" if verdict.failures else "")
        + (f", {undated:,} without a date" if undated else "")
    )


def _print_reload(verdict: Verdict, after: Verdict) -> None:
    for failure in after.failures:
        print_line(str(failure), level=logging.ERROR, err=True)
    for difference in after.differences:
        say(f"still: {difference}")
    wrong, left = len(verdict.wrong), len(after.wrong)
    say(
        f"loaded again: {wrong - left:,} mended, {left:,} not"
        + (
            f", as far as could be told; {len(after.failures)} failed"
            if after.failures
            else ""
        )
    )


def _fields(verdict: Verdict, after: Verdict | None) -> dict[str, object]:
    return {
        "days": verdict.days,
        "rows": verdict.rows,
        "differences": _each(verdict),
        "failures": [str(failure) for failure in verdict.failures],
        "undated": [
            {"table": one.table.name, "shard": one.shard.name, "rows": one.rows}
            for one in verdict.undated
        ],
        "after_reload": {
            "differences": _each(after),
            "failures": [str(failure) for failure in after.failures],
        }
        if after
        else None,
    }


def _each(verdict: Verdict) -> list[dict[str, str]]:
    return [
        {
            "table": one.table,
            "day": one.day.isoformat(),
            "shard": one.shard,
            "kind": one.kind.value,
            "detail": one.detail,
        }
        for one in verdict.differences
    ]
