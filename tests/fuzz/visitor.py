"""The process that visits false servers, and what came of a visit."""

from __future__ import annotations

import gc
import importlib
import logging
import multiprocessing
import resource
import sys
import threading
import time
import traceback
import warnings
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from pipelines.errors import ShardlineError
from pipelines.runtime import ExitCode
from tests.fuzz import NAMES
from tests.fuzz.side import ClientSide

SPARE = 8 << 30
"""Octets of addresses that the process may ask for; past that it has no memory."""

LONGEST_LINE = 45_000
"""Characters: two texts of a server, each cut, and our own words."""


@dataclass(frozen=True)
class Outcome:
    """What came of one visit.

    Attributes:
        kind: The class of what was raised, or "nothing".
        told: Its text.
        seconds: How long the visit took.
        octets: By how much the process grew meanwhile.
        fault: What should not have been; "" if all was right.
    """

    kind: str
    told: str
    seconds: float
    octets: int
    fault: str = ""


def find_side(name: str) -> ClientSide:
    side: ClientSide = importlib.import_module(f"tests.fuzz.{name}").Side()
    return side


class Visitor:
    """One process that visits, started anew when it does not come back."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("forkserver")
        # What all of them need is loaded once.
        context.set_forkserver_preload([f"tests.fuzz.{name}" for name in NAMES])
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_visit_again_and_again, args=(self._name, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        if not self._pipe.poll(120):
            raise RuntimeError("the visitor did not start")
        self._pipe.recv()

    def visit(self, port: int, seconds: float, *, patiently: bool = False) -> Outcome:
        """Visit a server; `seconds` later the process is taken for lost."""
        began = time.monotonic()
        self._pipe.send((port, patiently))
        with suppress(EOFError):
            if self._pipe.poll(seconds):
                outcome: Outcome = self._pipe.recv()
                return outcome
        self._process.join(1)  # if it has ended, it may not be known yet
        alive = self._process.is_alive()
        if self._process.exitcode == ExitCode.FAILED:
            # It has ended itself, with a word, as nothing else could end the driver.
            self.end()
            self._start()
            return Outcome("ended by itself", "", time.monotonic() - began, 0)
        self.end()
        fault = "never came back" if alive else f"died ({self._process.exitcode})"
        self._start()
        return Outcome(fault, "", seconds, 0, fault)

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _visit_again_and_again(name: str, pipe: Connection) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    faults: list[str] = []
    threading.excepthook = lambda args: faults.append(
        f"a thread ended by {args.exc_type.__name__}: {args.exc_value}"
    )
    sys.unraisablehook = lambda args: faults.append(
        f"unraisable {args.exc_type.__name__}: {args.exc_value}"
    )
    side = find_side(name)
    with suppress(OSError, ShardlineError):
        side.visit(1)  # nobody listens there: loads what a visit needs
    side.forget()
    space = _status("VmSize") + SPARE
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    gc.collect()
    gc.freeze()
    pipe.send("ready")
    with suppress(EOFError):
        while True:
            port, patiently = pipe.recv()
            with side.patient() if patiently else nullcontext():
                outcome = _visit(side, port, faults)
            faults.clear()
            side.forget()
            gc.collect()
            pipe.send(outcome)


def _visit(side: ClientSide, port: int, faults: list[str]) -> Outcome:
    # Forgets the peak (proc(5)).
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _status("VmRSS")
    began = time.monotonic()
    kind, told = "nothing", ""
    try:
        side.visit(port)
    except ShardlineError as error:
        kind, told = type(error).__name__, str(error)
        if not told.isprintable():
            faults.append("not one clean line")
        if not told or len(told) >= LONGEST_LINE:
            faults.append(f"a line of {len(told)} characters")
    except BaseException as error:  # noqa: BLE001 - that is what is looked for
        kind = f"escaped: {type(error).__name__}"
        told = "".join(traceback.format_exception(error))[-3_000:]
        faults.append(kind)
    seconds = time.monotonic() - began
    grown = _status("VmHWM") - before
    if grown > side.octets:
        faults.append(f"grew by {grown >> 20} MiB")
    return Outcome(kind, told, seconds, grown, "; ".join(faults))


def _status(field: str) -> int:
    """A figure of this process, in octets."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)
