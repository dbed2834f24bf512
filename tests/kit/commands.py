"""Commands of the virtual environment, most of them forked by `fork_server`.

Importing what a command needs takes longer than most commands do. So `start` has
`shardline`, `luigi` and scripts of Python forked by a process that has imported it. All
else is a process of its own, and so is a command whose interpreter would start in
another way than the server's did.
"""

from __future__ import annotations

import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.kit import fork_server
from tests.kit.fork_server import ENDED, READY

BIN = Path(sys.executable).parent
READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "LUIGI_CONFIG_PARSER")
"""How variables begin that the interpreter reads, or a library when it is imported."""


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[name] for name in env if name.startswith(READ_AT_START)}


class Command:
    """A forked one: of `subprocess.Popen`, what tests use.

    Attributes:
        pid: Its number, which is its session's and its group's, too.
        returncode: How it ended, once that is known; -9 if by SIGKILL.
        stdout: What it writes, unless it was given a file.
        stderr: The same.
    """

    def __init__(
        self,
        args: Sequence[str],
        gate: socket.socket,
        end: int,
        out: int | None,
        err: int | None,
    ) -> None:
        self.args = args
        (self.pid,) = READY.unpack(gate.recv(READY.size))
        self._gate = gate
        self.returncode: int | None = None
        self.stdout = None if out is None else os.fdopen(out, encoding="utf-8")
        self.stderr = None if err is None else os.fdopen(err, encoding="utf-8")
        self._end = os.fdopen(end, "rb", buffering=0)

    def resume(self) -> None:
        """Let it run its program, if it is paused."""
        self._gate.close()

    def poll(self) -> int | None:
        """How it ended, or None."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read what it writes until its end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pipes = [one for one in (self.stdout, self.stderr) if one]
        read: dict[IO[str], list[bytes]] = {one: [] for one in pipes}
        with selectors.DefaultSelector() as selector:
            for one in pipes:
                selector.register(one, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(_left(deadline))
                if not ready:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                for key, _ in ready:
                    octets = os.read(key.fd, 65_536)
                    read[key.fileobj].append(octets)
                    if not octets:
                        selector.unregister(key.fileobj)
        self.wait(_left(deadline))
        for one in pipes:
            one.close()
        out, err = (
            b"".join(read.get(one, [])).decode().replace("\r\n", "\n")
            for one in (self.stdout, self.stderr)
        )
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to it alone."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM to it alone."""
        self.send_signal(signal.SIGTERM)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._end], [], [], timeout)[0]:
            told = self._end.read(ENDED.size)
            self._end.close()
            self._gate.close()
            assert told, "the fork server is gone"
            self.returncode = os.waitstatus_to_exitcode(*ENDED.unpack(told))
        return self.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in (self.stdout, self.stderr):
            if one:
                one.close()
        self.wait()


class NewProcess(subprocess.Popen[str]):
    """A command as a process of its own, which is never paused."""

    def resume(self) -> None:
        """Do nothing: it goes on already."""


Process = NewProcess | Command


class ForkServer:
    """The server, from its first command on until `stop`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def can(self, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> bool:
        """Whether a command forked there is what a process of its own would be."""
        match command:
            case ["shardline" | "luigi", *_]:
                ours = True
            case ["python", "-m", "pipelines", *_] | ["python", "-c", _, *_]:
                ours = True
            case ["python", file, *_]:
                ours = file.endswith(".py")
            case _:
                ours = False
        # Another package of that name would come before ours.
        if not ours or (folder / "pipelines").exists():
            return False
        return _read_at_start(env) == AT_START

    def start(
        self,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        files: Sequence[int],
    ) -> tuple[socket.socket, int]:
        """Fork a command with these three files; its gate, and what tells its end."""
        asked = {
            "command": command,
            "folder": str(folder),
            "environment": dict(env),
        }
        gate, theirs = socket.socketpair()
        end, tells = os.pipe()
        with self._lock, theirs:
            given = [*files, theirs.fileno(), tells]
            socket.send_fds(self._running(), [json.dumps(asked).encode()], given)
        os.close(tells)
        return gate, end

    def stop(self) -> None:
        """End it, and what it has forked."""
        if self._process:
            self._socket.close()
            self._process.wait()
            self._process = None

    def _running(self) -> socket.socket:
        if not self._process:
            self._socket, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
            # What it imports reads nobody's configuration.
            left_out = ("LUIGI", "SHARDLINE", *READ_AT_START)
            env = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(left_out)
            }
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, fork_server.__file__, str(theirs.fileno())],
                    cwd="/",
                    env=env | AT_START,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        return self._socket


AT_START = _read_at_start(os.environ)
"""Those variables before any test has changed one; the server has them."""

SERVER = ForkServer()


def start(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    *,
    stdin: int = 0,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    paused: bool = False,
    fresh: bool = False,
) -> Process:
    """Start a command in a session of its own.

    Args:
        command: Its words; a program of the virtual environment is by its name.
        folder: Where.
        env: All of its environment, in whose PATH it is found if it is not Python's.
        stdin: Its standard input.
        stdout: Its standard output, or PIPE.
        stderr: The same for what it says.
        paused: Whether it runs its program only when its `resume` is called, so that
            something can be prepared that needs its number.
        fresh: Whether it must be a new process, for that is what is tested.
    """
    program, *words = command
    if (BIN / program).exists():
        program = str(BIN / program)
    if fresh or not SERVER.can(command, folder, env):
        return NewProcess(
            [program, *words],
            cwd=folder,
            env=env,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    out, theirs = _pipe(stdout)
    err, its = _pipe(stderr)
    gate, end = SERVER.start([program, *words], folder, env, [stdin, theirs, its])
    for ours, given in ((out, theirs), (err, its)):
        if ours is not None:
            os.close(given)
    started = Command(command, gate, end, out, err)
    if not paused:
        started.resume()
    return started


def wait_for(process: Process, words: str) -> None:
    """Read what a process says until it has said some words."""
    assert process.stderr
    told = []
    for line in process.stderr:
        if words in line:
            return
        told.append(line)
    raise AssertionError(f"{words!r} is not in {''.join(told)!r}")


def _pipe(wanted: int) -> tuple[int | None, int]:
    return os.pipe() if wanted == subprocess.PIPE else (None, wanted)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
