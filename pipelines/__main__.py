"""The entry of the `shardline` command: every error is one line and an exit code."""

from __future__ import annotations

import configparser
import logging
import os
import signal
import sys
from collections.abc import Sequence
from itertools import pairwise

import click

from pipelines.config import check_files
from pipelines.errors import ShardlineError, one_line
from pipelines.runtime import (
    LOG_FORMAT_VARIABLE,
    LOG_FORMATS,
    ExitCode,
    Stop,
    become_init_if_first,
    exit_code_of,
    log_uncaught,
    print_line,
    say_exactly,
    set_up_logging,
    stopper,
)

USAGE = ExitCode.USAGE


def main() -> None:
    """Run the command."""
    become_init_if_first()
    stopper().install()
    # Before the options are read, of which some may be wrong.
    if (form := _log_format(sys.argv[1:])) in LOG_FORMATS:
        set_up_logging(form)
    log_uncaught()
    try:
        check_files()
        # Luigi reads luigi.cfg when it is imported, and may not understand it.
        from pipelines.commands import shardline  # noqa: PLC0415

        shardline.main(prog_name="shardline", standalone_mode=False)
    except (configparser.Error, UnicodeDecodeError) as error:
        text = f"luigi.cfg cannot be read: {_fault(error)}; correct it"
        _give_up(text, exit_code_of(error))
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        # click makes an Abort of what ended it.
        stop = error.__cause__ or error
        number = stop.number if isinstance(stop, Stop) else signal.SIGINT
        _give_up(
            f"interrupted by {number.name}; run it again to load what is missing",
            128 + number,
        )
    except click.exceptions.NoArgsIsHelpError as error:
        say_exactly(error.format_message())
        sys.exit(USAGE)
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        path = context.command_path if context else "shardline"
        _give_up(f"{error.format_message()} (try `{path} --help`)", USAGE)
    except ShardlineError as error:
        _give_up(str(error), exit_code_of(error))
    except Exception as error:  # noqa: BLE001 - no traceback for people
        is_verbose = {"-v", "--verbose"} & set(sys.argv)
        _give_up(
            f"{type(error).__name__}: {error}; this may be a defect of shardline",
            exit_code_of(error),
            error if is_verbose else None,
        )


def _log_format(words: Sequence[str]) -> str:
    """The form that the options in front of the command name, or who calls."""
    given = os.environ.get(LOG_FORMAT_VARIABLE, "")
    for word, following in pairwise((*words, "")):
        name, _, value = word.partition("=")
        if name == "--log-format":
            given = value or following
        elif not word.startswith("-") and word not in LOG_FORMATS:
            break
    return given


def _fault(error: configparser.Error | UnicodeDecodeError) -> str:
    """What is wrong, without the text of the line, which may hold a password."""
    kind = type(error).__name__
    lines = [getattr(error, "lineno", None)]
    lines += [line for line, _ in getattr(error, "errors", [])]
    named = ", ".join(str(line) for line in lines if line is not None)
    source = getattr(error, "source", "")
    return f"{kind} in {source or 'it'}" + (f", line {named}" if named else "")


def _give_up(line: str, code: int, error: BaseException | None = None) -> None:
    text = f"shardline: {one_line(line)}"
    print_line(text, level=logging.ERROR, err=True, error=error)
    sys.exit(code)


if __name__ == "__main__":
    main()
