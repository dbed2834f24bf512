"""What a container's first process owes the others: signals passed on, orphans reaped.

The kernel keeps from process 1 every signal that it does not handle, gives it every
orphan of the container as a child, and ends the container with it. Doing its duties
beside a run would take the run's own children from those who wait for them, so the run
is a child.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

PASSED_ON = {
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
}


def become_init_if_first() -> None:
    """Return in a child if this is process 1; otherwise just return.

    Process 1 itself never returns: it ends with the child, and as the child did.
    """
    if os.getpid() != 1:
        return
    handled = PASSED_ON | {signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, handled)
    child = os.fork()
    if child:
        _serve(child)
    os.setpgid(0, 0)
    _take_terminal()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)


def _serve(child: int) -> None:
    """Pass signals on and reap, until the child ends."""
    while True:
        number = signal.sigwait(PASSED_ON | {signal.SIGCHLD})
        if number != signal.SIGCHLD:
            with suppress(ProcessLookupError):
                os.kill(child, number)
            continue
        # One signal may stand for several that have ended.
        while ended := _reap():
            pid, status = ended
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)


def _reap() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _take_terminal() -> None:
    """Have Ctrl-C come to the child only, and not a second time through process 1."""
    if not sys.stdin or not os.isatty(0):
        return
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with suppress(OSError):
        os.tcsetpgrp(0, os.getpgid(0))
    signal.signal(signal.SIGTTOU, before)
