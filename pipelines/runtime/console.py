"""The one place where commands write: nothing hidden reaches a terminal from here."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping

import click

from pipelines.runtime.logs import line_of
from pipelines.text import cut_line, mask_secrets, visible


def say(*cells: str) -> None:
    """Write a line to standard output.

    Args:
        cells: What it tells, with tabs between them.
    """
    click.echo(cut_line("\t".join(visible(mask_secrets(cell)) for cell in cells)))


def say_exactly(text: str) -> None:
    """Write a text for programs: as it is, but to a terminal with nothing hidden."""
    shown = visible(text, keep="\n\t") if sys.stdout.isatty() else text
    click.echo(shown, color=True)  # click would take escape sequences out


def print_json(found: object, *, indent: int | None = 2) -> None:
    """Write JSON for programs, in ASCII, so that nothing in it is hidden either."""
    click.echo(json.dumps(found, indent=indent))


def print_line(
    line: str,
    fields: Mapping[str, object] | None = None,
    *,
    level: int = logging.INFO,
    err: bool = False,
    error: BaseException | None = None,
) -> None:
    """Tell a line of the command's own output, as JSON if lines are.

    Args:
        line: What people read.
        fields: What else JSON has.
        level: How much it matters, for JSON.
        err: Whether it goes to standard error.
        error: Whose traceback goes with it.
    """
    click.echo(line_of(line, fields, level=level, error=error), err=err)


def warn(line: str) -> None:
    """Tell on standard error what someone should see to."""
    print_line(line, level=logging.WARNING, err=True)
