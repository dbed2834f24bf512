"""The bots that are killed: how each is started, and what it has done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from configparser import RawConfigParser
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from benchmarks.bot_kills.deeds import read_deeds
from benchmarks.job_listings import fill_jobs
from pipelines.etl_db import etl_engine
from pipelines.operations import (
    AuditFilter,
    Identity,
    IdentityKind,
    Role,
    accept,
    invite,
    list_audit,
)
from sandbox.process import SandboxProcess

REPOSITORY = Path(__file__).parents[2]
GROUP = -1001
MOST = 100_000
"""Of so many wishes the audit is read."""

JOBS = 10_000
"""So many jobs there are, as a command asks for one by its number."""


class Bot(Protocol):
    """A bot in a folder of its own."""

    @property
    def title(self) -> str:
        """What it is called in a table."""

    @property
    def folder(self) -> Path:
        """What it has there is its own."""

    def start(self, log: int) -> subprocess.Popen[bytes]:
        """Start it.

        Args:
            log: The file that gets what it says.
        """

    def deeds(self) -> Sequence[tuple[int, int]]:
        """Chat and command of all that it has done, in their order."""


@dataclass(frozen=True)
class Rival:
    """A small bot of ours by another library.

    Attributes:
        python: The interpreter that has the library.
        module: The bot.
        limit: How many updates it handles at a time, as the module understands it.
    """

    title: str
    python: str
    module: str
    limit: int
    folder: Path
    sandbox: SandboxProcess

    @property
    def _file(self) -> Path:
        return self.folder / "deeds.db"

    def start(self, log: int) -> subprocess.Popen[bytes]:
        """Start it."""
        api, token = _api(self.sandbox), self.sandbox.addresses.token
        arguments = (api, token, str(self._file), str(self.limit))
        command = (self.python, "-m", f"benchmarks.bot_kills.{self.module}", *arguments)
        return _start(command, self.folder, log, {"PYTHONPATH": str(REPOSITORY)})

    def deeds(self) -> Sequence[tuple[int, int]]:
        """What it has done."""
        return read_deeds(self._file)


@dataclass(frozen=True)
class Ours:
    """`shardline bot` on SQLite; its deeds are the rows of the audit.

    Attributes:
        people: The users who may write to it.
    """

    folder: Path
    sandbox: SandboxProcess
    people: Iterable[int]
    title: str = field(default="shardline bot")

    def __post_init__(self) -> None:
        """Write the configuration, make the jobs and invite the people."""
        with self._config.open("w", encoding="utf-8") as file:
            self._options().write(file)
        engine = etl_engine(SecretStr(self._database))
        fill_jobs(engine, JOBS)
        for user in self.people:
            with engine.begin() as connection:
                code = invite(connection, f"Person {user}", Role.OPERATOR).code
            identity = Identity(IdentityKind.TELEGRAM, str(user))
            accept(engine, code, identity, f"chat:{user}")
        engine.dispose()

    @property
    def _config(self) -> Path:
        return self.folder / "product.cfg"

    @property
    def _database(self) -> str:
        return f"sqlite:///{self.folder / 'etl.db'}"

    def _options(self) -> RawConfigParser:
        options = RawConfigParser()
        options.read(self.sandbox.luigi_cfg)
        host = _api(self.sandbox)
        telegram = f"telegram://{self.sandbox.addresses.token}@{GROUP}?api={host}"
        options["connections"] = {"telegram": telegram}
        options["alerts"] = {"channels": "telegram"}
        options["sessions"] = {"database": self._database}
        options["bot"] = {"lease": "2", "processes": "0"}
        return options

    def start(self, log: int) -> subprocess.Popen[bytes]:
        """Start it."""
        command = (sys.executable, "-m", "pipelines", "bot")
        environment = {"LUIGI_CONFIG_PATH": str(self._config)}
        return _start(command, self.folder, log, environment)

    def deeds(self) -> Sequence[tuple[int, int]]:
        """What it has done."""
        engine = etl_engine(SecretStr(self._database))
        newest_first = list_audit(engine, AuditFilter(verb="jobs show"), MOST)
        engine.dispose()
        return [
            (int(wish.identity.removeprefix("telegram:")), int(wish.arguments))
            for wish in reversed(newest_first)
        ]


def _api(sandbox: SandboxProcess) -> str:
    host, port = sandbox.addresses.telegram
    return f"http://{host}:{port}"


def _start(
    command: Sequence[str], folder: Path, log: int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own modules
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
