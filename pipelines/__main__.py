"""The entry of the `shardline` command: every error is one line and an exit code."""

from __future__ import annotations

import configparser
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
    except configparser.Error as error:
        _give_up(f"luigi.cfg cannot be read: {error.message}; correct it", USAGE)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _give_up("interrupted; run it again to load what is missing", INTERRUPTED)
    except click.ClickException as error:
        _give_up(f"{error.format_message()} (try `shardline --help`)", USAGE)
    except ConfigurationError as error:
        _give_up(str(error), USAGE)
    except ShardlineError as error:
        _give_up(str(error), FAILED)


def _give_up(line: str, code: int) -> None:
    click.echo(f"shardline: {one_line(line)}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
