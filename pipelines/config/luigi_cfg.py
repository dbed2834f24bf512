"""Options of luigi.cfg as Luigi fills them in, with what is wrong in our words."""

from __future__ import annotations

import os
import re
from configparser import ConfigParser, InterpolationError

import luigi.configuration

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class OptionError(ValueError):
    """Why an option cannot be filled in; its text holds no value."""


def logging_file() -> str:
    """The file of Python's logging that ``[core] logging_conf_file`` names, or ""."""
    return str(luigi.configuration.get_config().get("core", "logging_conf_file", ""))


def option_names(section: str) -> list[str]:
    """The options that a section sets; none if there is no such section."""
    config = luigi.configuration.get_config()
    return list(config.options(section)) if config.has_section(section) else []


def option_value(section: str, name: str) -> str:
    """An option that is set, its ``${VARIABLES}`` replaced.

    Raises:
        OptionError: It cannot be filled in.
    """
    config = luigi.configuration.get_config()
    if text := lacking_option(section, name):
        raise OptionError(text)
    # Luigi's own `get` looks for another name when there is a dash in it.
    try:
        return ConfigParser.get(config, section, name)
    except InterpolationError:
        raise OptionError("a literal % must be written %%") from None


def lacking_option(section: str, name: str) -> str:
    """Which ``${VARIABLES}`` of an option that is set are not set themselves, or "".

    An empty one is not, since that is how composed containers pass on a missing one.
    """
    config = luigi.configuration.get_config()
    raw = ConfigParser.get(config, section, name, raw=True)
    empty = [name for name in _VARIABLE.findall(raw) if not os.environ.get(name)]
    if not empty:
        return ""
    so = "empty" if all(name in os.environ for name in empty) else "not set"
    return f"environment variable {', '.join(empty)} is {so}"
