"""Options of luigi.cfg as Luigi fills them in, with what is wrong in our words."""

from __future__ import annotations

import os
import re
from configparser import ConfigParser, InterpolationError

import luigi.configuration

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class OptionError(ValueError):
    """Why an option cannot be filled in; its text holds no value."""


def names(section: str) -> list[str]:
    """The options that a section sets; none if there is no such section."""
    config = luigi.configuration.get_config()
    return list(config.options(section)) if config.has_section(section) else []


def value(section: str, name: str) -> str:
    """An option that is set, its ``${VARIABLES}`` replaced.

    Raises:
        OptionError: It cannot be filled in.
    """
    config = luigi.configuration.get_config()
    # Luigi's own `get` looks for another name when there is a dash in it.
    try:
        return ConfigParser.get(config, section, name)
    except InterpolationError:
        raw = ConfigParser.get(config, section, name, raw=True)
        raise OptionError(_why_not_filled_in(raw)) from None


def _why_not_filled_in(raw: str) -> str:
    unset = [name for name in _VARIABLE.findall(raw) if name not in os.environ]
    if unset:
        return f"environment variable {', '.join(unset)} is not set"
    return "a literal % must be written %%"
