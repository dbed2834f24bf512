"""Luigi's scheduler as a child process, from the environment this one runs in."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from sandbox.addresses import Address
from sandbox.children import stop
from sandbox.faults import SandboxError
from sandbox.private_files import new_file, private_folder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

STATE = "luigid.state"
"""The file that keeps its tasks over a restart."""

_LOOPBACK = "127.0.0.1"
# It ends with its standard input, so as not to outlive a parent that was killed.
_COMMAND = """
import os
import signal
import threading

from luigi.cmdline import luigid

def follow_parent():
    while os.read(0, 1024):
        pass
    signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)

threading.Thread(target=follow_parent, daemon=True).start()
luigid()
"""


class LuigidError(SandboxError):
    """The scheduler did not start; the message is one line."""


class Luigid:
    """Runs luigid on loopback for the length of a `with` block."""

    def __init__(self, home: Path, *, port: int = 0, start_timeout: float = 30) -> None:
        """Prepare; nothing runs yet.

        Args:
            home: Where its state file and logs go.
            port: Its port, 0 for a free one.
            start_timeout: Seconds until it must answer.
        """
        self._home = home
        self._port = port
        self._start_timeout = start_timeout
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it answers.

        Raises:
            LuigidError: Its port is taken, or it ended or did not answer in time.
        """
        private_folder(self._home)
        self.address = Address(_LOOPBACK, _checked_port(self._port))
        self._child = self._spawn()
        try:
            self._wait_until_it_answers(self._child)
        except BaseException:
            stop(self._child, patience=10)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it; it writes its state file."""
        if self._child is not None:
            stop(self._child, patience=10)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with new_file(self._home / "luigid.out", "xb") as output:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and command
                [
                    *(sys.executable, "-P", "-c", _COMMAND),
                    *("--address", self.address.host),
                    *("--port", str(self.address.port)),
                    *("--logdir", str(self._home)),
                    *("--state-path", str(self._home / STATE)),
                ],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                # Ctrl-C goes to the whole group of a terminal; we stop it ourselves,
                # after what uses it.
                start_new_session=True,
            )

    def _wait_until_it_answers(self, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self._start_timeout
        while time.monotonic() < deadline:
            if child.poll() is not None:
                break
            try:
                socket.create_connection(self.address, timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise LuigidError(f"luigid did not start; see {self._home / 'luigid.out'}")


def _checked_port(port: int) -> int:
    """Find a free port, or tell in one line that the one asked for is taken."""
    try:
        with socket.create_server((_LOOPBACK, port)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise LuigidError(
            f"port {port} (luigid): {os.strerror(error.errno or 0)};"
            " choose another with --luigid-port"
        ) from None
