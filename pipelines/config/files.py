"""What the configuration is read from, looked at before Luigi reads it."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.errors import ConfigurationError

PARSERS = {"cfg", "conf", "ini"}
"""Luigi's names of the one format that is read."""


def check_files() -> None:
    """Refuse a configuration that cannot be read: Luigi would go on without it.

    Raises:
        ConfigurationError: It is a luigi.toml, or a file that cannot be read.
    """
    check_format()
    own = Path("luigi.cfg")
    paths = [own] if own.exists() else []
    if "LUIGI_CONFIG_PATH" in os.environ:
        paths.append(Path(os.environ["LUIGI_CONFIG_PATH"]))
    for path in paths:
        if not (path.is_file() and os.access(path, os.R_OK)):
            raise ConfigurationError(f"the configuration file {path} cannot be read")


def check_format() -> None:
    """Refuse a configuration that is not a luigi.cfg.

    Raises:
        ConfigurationError: It is not.
    """
    parser = os.environ.get("LUIGI_CONFIG_PARSER", "cfg")
    named = os.environ.get("LUIGI_CONFIG_PATH", "")
    if parser not in PARSERS:
        given = f"LUIGI_CONFIG_PARSER={parser}"
    elif named.endswith(".toml"):
        given = f"LUIGI_CONFIG_PATH={named}"
    else:
        return
    raise ConfigurationError(
        f"{given}: shardline reads luigi.cfg only",
        step="unset it, and write the options as luigi.cfg has them",
    )
