"""SIGTERM and SIGINT end a run in order, within a time; a second one ends it at once.

The first signal raises `Stop` in the main thread, so that everything rolls back and
hangs up as after any error. A thread of its own learns of the signal at the same
moment, whatever the main thread waits for: it cuts what the main thread cannot leave
by itself, passes the signal on to the children, and ends the process when the time is
over or a second signal comes.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import NoReturn

from pipelines.runtime.logs import line_of

GRACE = 25.0
"""Seconds from the first signal to the end, unless the configuration says otherwise."""

END_SIGNALS = (signal.SIGINT, signal.SIGTERM)

WAKE = signal.SIGURG
"""What the main thread is woken by, and nothing else."""

PR_SET_PDEATHSIG = 1
"""See prctl(2)."""

CUT_AGAIN = 0.5
"""Seconds between two cuts of what keeps a process that is to end."""

REAPING = 1.0
"""Most seconds that the end waits for children that have been killed."""


class Stop(KeyboardInterrupt, SystemExit):
    """This process was told to end.

    To whoever handles Ctrl-C it is that; where nobody does, such as in a process that
    Luigi has forked, it is an exit with a code and without a traceback.
    """

    def __init__(self, number: signal.Signals) -> None:
        """Keep which signal it was."""
        super().__init__(f"interrupted by {number.name}")
        self.number = number
        self.code = 128 + number

    def __str__(self) -> str:
        """The signal's name."""
        return f"interrupted by {self.number.name}"


class Stopper:
    """Ends this process when it is told to.

    Attributes:
        grace: Seconds from the first signal to the end.
        stopped: Set as soon as the process was told to end.
    """

    def __init__(self) -> None:
        """Know of no signal yet."""
        self.grace = GRACE
        self.stopped = threading.Event()
        self._number: signal.Signals | None = None
        self._at_once = False
        self._deadline = 0.0
        self._shields = 0
        self._cuts: list[Callable[[], None]] = []
        self._is_child = False
        self._installed = False

    @property
    def number(self) -> signal.Signals | None:
        """The signal that told this process to end, if one did."""
        return self._number

    def install(self) -> None:
        """Handle the signals from now on, also in children that are forked.

        Both are set, and not left to their defaults: a shell's background job starts
        with SIGINT ignored, and the kernel keeps what is not handled from a
        container's first process.
        """
        if self._installed:
            return
        self._installed = True
        for number in END_SIGNALS:
            signal.signal(number, self._on_signal)
        signal.signal(WAKE, _ignore)
        self._watch()
        # A signal between the fork and the child's own set-up would be told to the
        # parent's watcher, as if it were the parent's second one.
        os.register_at_fork(
            before=_hold_signals,
            after_in_parent=_let_signals,
            after_in_child=self._begin_child,
        )

    def check(self) -> None:
        """Raise what came while it was shielded.

        Raises:
            Stop: The process was told to end.
        """
        if self._number is not None:
            raise Stop(self._number)

    def left(self, most: float) -> float:
        """How many seconds there are for something, `most` if nobody said to end."""
        if self._number is None:
            return most
        return max(0.0, min(most, self._deadline - time.monotonic()))

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Let what is inside come to its end: `check` raises the signal later."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    @contextmanager
    def cutting(self, cut: Callable[[], None]) -> Iterator[None]:
        """Have `cut` called from another thread when the process is told to end.

        For what holds the main thread in a library that no signal gets it out of.
        """
        self._cuts.append(cut)
        try:
            yield
        finally:
            self._cuts.remove(cut)

    def end_children(self) -> None:
        """Wait for the children as long as there is time, then kill them."""
        for child in multiprocessing.active_children():
            child.join(self.left(self.grace))
        _kill_children()
        if self._at_once:
            # The watcher has killed them, and is about to end this process, too.
            threading.Event().wait()

    def _on_signal(self, number: int, _frame: object) -> None:
        """In the main thread, as soon as that runs Python again."""
        first = self._number is None
        self._note(signal.Signals(number))
        if first and not self._shields:
            raise Stop(signal.Signals(number))

    def _note(self, number: signal.Signals) -> None:
        if self._number is None:
            self._deadline = time.monotonic() + self.grace
            self._number = number
            self.stopped.set()

    def _watch(self) -> None:
        ours, pythons = socket.socketpair()
        pythons.setblocking(False)
        # Written to by the signal itself, while the main thread may be in any library.
        signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
        self._pipe = ours, pythons
        watcher = threading.Thread(target=self._follow, args=(ours,), daemon=True)
        watcher.start()

    def _follow(self, wakeup: socket.socket) -> None:
        first = _next_signal(wakeup, None)
        deadline = time.monotonic() + self.grace
        self._cut()
        if self._is_child:
            while time.monotonic() < deadline:
                time.sleep(CUT_AGAIN)
                self._cut()
            return
        for child in multiprocessing.active_children():
            # Not by its own terminate(): Luigi's waits for the child's end.
            if child.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGTERM)
        second = None
        while second is None and time.monotonic() < deadline:
            second = _next_signal(wakeup, min(deadline, time.monotonic() + CUT_AGAIN))
            self._cut()
        why = f"a second signal, {second.name}" if second else "its time is over"
        self._at_once = True
        _end_at_once(first or signal.SIGTERM, why)

    def _cut(self) -> None:
        """Cut what is to be cut now: again and again, since it may just have begun.

        The main thread is woken, too: a signal that comes after Python has looked for
        one, and before it waits in the kernel, does not end that wait.
        """
        for cut in list(self._cuts):
            with suppress(OSError):
                cut()
        main = threading.main_thread().ident
        if main is not None:
            signal.pthread_kill(main, WAKE)

    def _begin_child(self) -> None:
        """In a child that was just forked: its first signal is still to come."""
        signal.set_wakeup_fd(-1)
        for end in self._pipe:
            end.close()
        self._number = None
        self.stopped = threading.Event()
        self._shields = 0
        self._cuts = []
        self._is_child = True
        self._watch()
        die_with_parent()
        _let_signals()


@cache
def stopper() -> Stopper:
    """The one of this process, and of the children that it forks."""
    return Stopper()


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this child when its parent dies, where it can.

    Otherwise a child goes on with its load after a parent that was killed, and nobody
    would stop it. Linux only: elsewhere it does.

    Args:
        parent: Its process; that of multiprocessing, if None.
    """
    if parent is None and (known := multiprocessing.parent_process()) is not None:
        parent = known.pid
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and parent != os.getppid():
        os._exit(128 + signal.SIGKILL)  # it died before the kernel was asked


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing: to be interrupted is all that is wanted."""


def _hold_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)


def _let_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, END_SIGNALS)


def _next_signal(
    wakeup: socket.socket, deadline: float | None
) -> signal.Signals | None:
    """The next one of ours, or None if it does not come in time."""
    with selectors.DefaultSelector() as selector:
        selector.register(wakeup, selectors.EVENT_READ)
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            if selector.select(left):
                number = wakeup.recv(1)[0]
                if number in END_SIGNALS:
                    return signal.Signals(number)


def _end_at_once(first: signal.Signals, why: str) -> None:
    end_process(f"ended at once after {first.name}: {why}; run it again", 128 + first)


def end_process(why: str, code: int) -> NoReturn:
    """End this process and its children from any thread, whatever the others do.

    Args:
        why: For people, in one line.
        code: Its exit code.
    """
    _kill_children()
    line = line_of(f"shardline: {why}", level=logging.ERROR)
    with suppress(OSError):
        os.write(2, f"{line}\n".encode())
    os._exit(code)


def _kill_children() -> None:
    children = multiprocessing.active_children()
    for child in children:
        child.kill()
    end = time.monotonic() + REAPING
    for child in children:
        child.join(max(0.0, end - time.monotonic()))
