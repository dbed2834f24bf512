"""A process of a pool, as the pool sees it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import Pipe

from pipelines.runtime.alarm_clock import alarms
from pipelines.runtime.processes.errors import DefectiveCallError
from pipelines.runtime.processes.messages import Outcome

SERVING = "pipelines.runtime.processes.serving"

KILL_AGAIN = 1.0
"""Seconds between two attempts at killing what is late."""

REAPING = 5.0
"""Most seconds that the end of what was killed is waited for."""


class Child:
    """A process that was started anew, and knows nothing of this one's.

    It has none of what is open here, no terminal, and no part in a Ctrl-C. The kernel
    kills it when the thread ends that has started it.
    """

    def __init__(self, modules: Sequence[str], most_octets: int) -> None:
        """Start it.

        Args:
            modules: What it imports before the first call.
            most_octets: Of what a call returns.

        Raises:
            OSError: It cannot be started now.
        """
        self._link, theirs = Pipe()
        # What can be imported here can be there, and nothing else.
        path = os.pathsep.join(filter(None, sys.path))
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [
                    *(sys.executable, "-P", "-m", SERVING),
                    *(str(os.getpid()), str(number), str(most_octets), *modules),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
                pass_fds=[number],
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative if by a signal; None while it goes on."""
        return self._process.poll()

    def get_ready(self, seconds: float) -> None:
        """Wait until it has imported what calls need.

        Raises:
            EOFError: It has ended, or was killed since it took longer.
        """
        with alarms().ringing(seconds, self._ring):
            self._receive()

    def begin(self, call: bytes, seconds: float) -> None:
        """Hand it a call.

        Args:
            call: The function and its arguments, pickled.
            seconds: After how many it is killed.

        Raises:
            EOFError: It has ended, or was killed, before it had the call.
        """
        with alarms().ringing(seconds, self._ring):
            try:
                self._link.send_bytes(call)
            except OSError as error:
                raise EOFError from error
            self._receive()

    def finish(self, seconds: float) -> Outcome:
        """What comes of the call that it has.

        Args:
            seconds: After how many it is killed.

        Raises:
            EOFError: It has ended, or was killed, meanwhile.
        """
        with alarms().ringing(seconds, self._ring):
            pickled = self._receive()
        try:
            outcome: Outcome = pickle.loads(pickled)  # noqa: S301 - our child's own
        except Exception as error:  # noqa: BLE001 - what cannot be made here anew
            return Outcome(error=DefectiveCallError.of(error))
        return outcome

    def kill(self) -> None:
        """End it; whoever waits for it learns of that."""
        self._process.kill()

    def end(self) -> None:
        """End it, and see to what is left of it."""
        self.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(REAPING)
        self._link.close()

    def _receive(self) -> bytes:
        try:
            return self._link.recv_bytes()
        except OSError as error:  # it ended in the middle of something
            raise EOFError from error

    def _ring(self) -> float:
        self.kill()
        return KILL_AGAIN
