"""A sandbox as a child process, for the tests and the demo."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from sandbox.addresses import read_addresses
from sandbox.children import stop
from sandbox.control import Control
from sandbox.faults import SandboxError
from sandbox.private_files import new_file, private_folder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class SandboxProcessError(SandboxError):
    """The child did not start; the message is what it said."""


class SandboxProcess:
    """Runs `python -m sandbox serve --ephemeral` for the length of a `with` block.

    Attributes:
        home: Its folder, with `addresses.json`, `luigi.cfg` and `sandbox.err`.
        addresses: Where its servers listen.
        control: A connection to it; holds set on it last until they are removed.
    """

    def __init__(self, home: Path, *options: str, start_timeout: float = 60) -> None:
        """Prepare; nothing runs yet.

        Args:
            home: Its folder, created as needed.
            options: Further options of `serve`.
            start_timeout: Seconds until it must be ready.
        """
        self.home = home
        self._options = options
        self._start_timeout = start_timeout
        self._running = ExitStack()

    @property
    def luigi_cfg(self) -> Path:
        """What LUIGI_CONFIG_PATH must name to reach this sandbox."""
        return self.home / "luigi.cfg"

    def __enter__(self) -> Self:
        """Start it and wait until it is ready.

        Raises:
            SandboxProcessError: It ended, or was not ready in time.
        """
        private_folder(self.home)
        with ExitStack() as starting:
            child = self._spawn()
            starting.callback(stop, child, patience=20)
            self._wait_until_ready(child)
            self.addresses = read_addresses(self.home / "addresses.json")
            self.control = starting.enter_context(Control(self.addresses.control))
            self._running = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._running.close()

    def _spawn(self) -> subprocess.Popen[str]:
        with new_file(self.home / "sandbox.err") as errors:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and package
                [
                    *(sys.executable, "-P", "-m", "sandbox", "serve", "--ephemeral"),
                    *("--until-eof", "--home", str(self.home), *self._options),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # Ctrl-C goes to the whole group of a terminal; we stop it ourselves,
                # after what uses it.
                start_new_session=True,
            )

    def _wait_until_ready(self, child: subprocess.Popen[str]) -> None:
        late = threading.Timer(self._start_timeout, child.kill)
        late.start()
        try:
            lines = child.stdout or ()
            if not any(line.startswith("ready:") for line in lines):
                raise SandboxProcessError((self.home / "sandbox.err").read_text())
        finally:
            late.cancel()
            late.join()
