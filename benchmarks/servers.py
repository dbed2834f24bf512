"""The servers of the measured loads, in a process of their own."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks import sink, tds
from benchmarks.loads import Load, Place
from benchmarks.recordings import Recording
from benchmarks.watch import Asked, Watch
from sandbox.certificate import authority_pem


@dataclass(frozen=True)
class Servers:
    """What is served.

    Attributes:
        places: Where each load finds its rows.
    """

    places: Mapping[Load, Place]
    _process: Connection

    def asked(self, load: Load) -> Asked:
        """What that load has asked since this was last asked."""
        self._process.send(load)
        asked: Asked = self._process.recv()
        return asked

    def cpu(self) -> float:
        """Processor time that the servers have taken so far, in seconds."""
        self._process.send(None)
        return float(self._process.recv())


@contextmanager
def serving(
    recordings: Mapping[Load, Recording], loads: Sequence[Load], folder: Path
) -> Iterator[Servers]:
    """Serve each load's recording beside a Vertica that swallows.

    Args:
        recordings: What is replayed, each recorded without TLS.
        loads: Which loads are to be served.
        folder: Gets the certificate of the servers' authority.
    """
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    served = {load: recordings[replace(load, tls=False)] for load in loads}
    process = spawn.Process(target=_serve, args=(theirs, served, folder))
    process.start()
    theirs.close()
    try:
        yield Servers(ours.recv(), ours)
    finally:
        ours.close()
        process.join()


def _serve(parent: Connection, served: Mapping[Load, Recording], folder: Path) -> None:
    """Serve until the parent goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's matter
    authorities = folder / "authority.pem"
    authorities.write_bytes(authority_pem())
    watches = {load: Watch() for load in served}
    with ExitStack() as running:
        places = {
            load: Place(
                load.table,
                one.day,
                one.rows,
                running.enter_context(
                    tds.replaying(one.answers, watches[load], tls=load.tls)
                ),
                running.enter_context(sink.swallowing(one.rows)),
                authorities if load.tls else None,
            )
            for load, one in served.items()
        }
        parent.send(places)
        _tell(parent, watches)


def _tell(parent: Connection, watches: Mapping[Load, Watch]) -> None:
    """Tell what a load has asked, or what all have cost, until the parent goes."""
    while True:
        try:
            load = parent.recv()
        except EOFError:
            return
        parent.send(watches[load].take() if load else time.process_time())
