"""The `shardline` command as a child process, pointed at a running sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from configparser import RawConfigParser
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOOK = 0.5  # seconds between two looks at how far a run is
_PATIENCE = 10  # seconds for a run to end by itself when told to
_ALERTS_PATIENCE = "120"  # seconds that a run waits for what is not sent yet

_SECRETS = "SHARDLINE_SECRETS"
_CONNECTIONS = "SHARDLINE_CONNECTION_"


class Product:
    """Runs `shardline` against one sandbox, its session log in a folder."""

    def __init__(self, home: Path, luigi_cfg: Path, shards_file: Path) -> None:
        """Write the configuration.

        Args:
            home: The folder for configuration, session log and output.
            luigi_cfg: What leads to the sandbox.
            shards_file: The list of shards to load.
        """
        self._home = home
        self._numbers = count(1)
        config = RawConfigParser()
        config.read(luigi_cfg)
        config["sessions"] = {"database": f"sqlite:///{home / 'sessions.db'}"}
        config["catalog"] = {"shards": str(shards_file.absolute())}
        config["alerts"]["patience"] = _ALERTS_PATIENCE
        config["bot"] = {"processes": "0"}  # nobody else waits for its answers
        self._config = home / "product.cfg"
        with self._config.open("w") as file:
            config.write(file)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Run]:
        """Run a command; what still runs at the block's end is stopped."""
        output = self._home / f"product-{next(self._numbers)}.out"
        with output.open("wb") as file:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and package
                [sys.executable, "-P", "-m", "pipelines", *arguments],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                # Its workers are processes too: they are stopped as one group.
                start_new_session=True,
            )
        run = Run(child, output)
        try:
            yield run
        finally:
            run.stop()

    def _environment(self) -> dict[str, str]:
        """Ours, but for connections, which would lead to other servers."""
        own = {
            name: value
            for name, value in os.environ.items()
            if name != _SECRETS and not name.startswith(_CONNECTIONS)
        }
        return {**own, "LUIGI_CONFIG_PATH": str(self._config)}


class Run:
    """One run of the command."""

    def __init__(self, child: subprocess.Popen[bytes], output: Path) -> None:
        """Watch a child which writes to a file."""
        self._child = child
        self._output = output

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._child.returncode

    def runs(self) -> bool:
        """Wait a moment; tell whether it still runs."""
        try:
            self._child.wait(timeout=_LOOK)
        except subprocess.TimeoutExpired:
            return True
        return False

    def output(self) -> str:
        """What it printed so far."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End it and its workers, unless it has ended."""
        if self._child.poll() is not None:
            return
        os.killpg(self._child.pid, signal.SIGTERM)
        try:
            self._child.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
