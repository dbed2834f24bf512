"""Asking on a terminal before something is destroyed."""

from __future__ import annotations

import sys

import click

from pipelines.errors import ConfigurationError


def is_agreed(question: str, done: str) -> bool:
    """Ask, and whether the answer is yes.

    Args:
        question: What is asked.
        done: What would be done with what was shown, as a participle.

    Raises:
        ConfigurationError: There is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"nothing is {done}: there is no terminal to ask on",
            step="give --yes if it shall be done, --dry-run if it shall be shown",
        )
    return click.confirm(question)
