"""Where a named value is found: the environment, a folder of secrets, luigi.cfg.

The first of them that has the name wins. An environment variable that is empty counts
as not set, since that is how composed containers pass on one that is missing.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.config import luigi_cfg
from pipelines.errors import ConfigurationError

SECRETS = "SHARDLINE_SECRETS"
"""The environment variable that names the folder with one secret a file."""


@dataclass(frozen=True)
class Place:
    """A place that has the name.

    Attributes:
        label: Which one, for people.
        read: What it holds; raises ConfigurationError if that cannot be told, which
            the caller adds the place to.
    """

    label: str
    read: Callable[[], str]


@dataclass(frozen=True)
class Lookup:
    """Finds named values of one sort.

    Attributes:
        prefix: What the names of their environment variables begin with.
        folder: Where in the folder of secrets their files are.
        section: Their section of luigi.cfg.
    """

    prefix: str
    folder: str
    section: str

    def places(self, name: str) -> list[Place]:
        """The places that have a name, the one that wins first.

        Raises:
            ConfigurationError: SHARDLINE_SECRETS names no folder.
        """
        return [
            *self._in_environment(name),
            *self._in_folder(name),
            *self._in_luigi_cfg(name),
        ]

    def lacking(self, name: str) -> str:
        """Why the environment does not let a name's option be filled in, or "".

        Raises:
            ConfigurationError: SHARDLINE_SECRETS names no folder.
        """
        elsewhere = [*self._in_environment(name), *self._in_folder(name)]
        if elsewhere or name not in luigi_cfg.option_names(self.section):
            return ""
        return luigi_cfg.lacking_option(self.section, name)

    def names(self) -> list[str]:
        """Every name that some place has; those of the environment in lower case.

        Raises:
            ConfigurationError: SHARDLINE_SECRETS names no folder.
        """
        folder = self._files()
        files = sorted(folder.iterdir()) if folder else []
        found = [path.name for path in files if _is_secret(path)]
        found += luigi_cfg.option_names(self.section)
        found += [
            variable.removeprefix(self.prefix).lower()
            for variable in sorted(os.environ)
            if variable.startswith(self.prefix) and os.environ[variable]
        ]
        spelled: dict[str, str] = {}
        for name in found:
            spelled.setdefault(self.variable(name), name)
        return list(spelled.values())

    def variable(self, name: str) -> str:
        """The environment variable of a name: in capitals, all but A-Z0-9 as _."""
        return self.prefix + re.sub(r"[^A-Z0-9]", "_", name.upper())

    def _in_environment(self, name: str) -> Iterator[Place]:
        variable = self.variable(name)
        if text := os.environ.get(variable):
            yield Place(f"the environment variable {variable}", lambda: text)

    def _in_folder(self, name: str) -> Iterator[Place]:
        folder = self._files()
        if folder and name == Path(name).name and _is_secret(folder / name):
            path = folder / name
            yield Place(f"the file {path}", lambda: _read(path))

    def _in_luigi_cfg(self, name: str) -> Iterator[Place]:
        if name in luigi_cfg.option_names(self.section):
            label = f"[{self.section}] {name} in luigi.cfg"
            yield Place(label, lambda: _option(self.section, name))

    def _files(self) -> Path | None:
        """Their folder; None if there is none."""
        named = os.environ.get(SECRETS)
        if not named:
            return None
        if not Path(named).is_dir():
            raise ConfigurationError(
                f"{SECRETS} names {named}, which is no folder that can be read",
                step="mount the secrets there, or correct the variable",
            )
        folder = Path(named, self.folder)
        return folder if folder.is_dir() else None


def suggest(name: str, known: Iterable[str]) -> str:
    """What to tell of the names that there are, when one is not among them."""
    names = list(known)
    if alike := difflib.get_close_matches(name, names):
        return f"perhaps {' or '.join(alike)} was meant"
    return f"there are: {', '.join(names)}" if names else "there are none"


def _is_secret(path: Path) -> bool:
    # Containers' mounts keep their own files beside the secrets, with a dot in front.
    return path.is_file() and not path.name.startswith(".")


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:  # it holds what it could not decode
        raise ConfigurationError("it is not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")


def _option(section: str, name: str) -> str:
    try:
        return luigi_cfg.option_value(section, name)
    except luigi_cfg.OptionError as error:
        raise ConfigurationError(str(error)) from None
