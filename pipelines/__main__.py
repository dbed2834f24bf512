"""The entry of the `shardline` command: every error is one line and an exit code."""

from __future__ import annotations

import configparser
import logging
import sys

import click

from pipelines.errors import ConfigurationError, ShardlineError, one_line

USAGE = 2
FAILED = 30
INTERRUPTED = 130


def main() -> None:
    """Run the command."""
    try:
        # Luigi reads luigi.cfg when it is imported, and may not understand it.
        from pipelines.cli import cli  # noqa: PLC0415

        cli.main(prog_name="shardline", standalone_mode=False)
    except (configparser.Error, UnicodeDecodeError) as error:
        _give_up(f"luigi.cfg cannot be read: {_fault(error)}; correct it", USAGE)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _give_up("interrupted; run it again to load what is missing", INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(USAGE)
    except click.ClickException as error:
        _give_up(f"{error.format_message()} (try `shardline --help`)", USAGE)
    except ConfigurationError as error:
        _give_up(str(error), USAGE)
    except ShardlineError as error:
        _give_up(str(error), FAILED)
    except Exception as error:
        logging.getLogger(__name__).debug("unexpected", exc_info=error)
        _give_up(
            f"{type(error).__name__}: {error}; this may be a defect of shardline:"
            " `shardline run --verbose` shows more",
            FAILED,
        )


def _fault(error: configparser.Error | UnicodeDecodeError) -> str:
    """What is wrong, without the text of the line, which may hold a password."""
    kind = type(error).__name__
    lines = [getattr(error, "lineno", None)]
    lines += [line for line, _ in getattr(error, "errors", [])]
    named = ", ".join(str(line) for line in lines if line is not None)
    source = getattr(error, "source", "")
    return f"{kind} in {source or 'it'}" + (f", line {named}" if named else "")


def _give_up(line: str, code: int) -> None:
    click.echo(f"shardline: {one_line(line)}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
