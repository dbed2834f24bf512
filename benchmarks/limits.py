"""What the machine itself can do: copy memory, and send over loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

from benchmarks.listener import HOST, listening

MIB = 1 << 20
CACHED, MEMORY, FRESH = "memcpy in the cache", "memcpy in memory", "memcpy to new pages"
LOOPBACK = "TCP over loopback"

_REPEATS = 7


def limits() -> dict[str, float]:
    """Octets a second of each, the best of some tries."""
    return {
        CACHED: _copying(MIB // 4, 400),
        MEMORY: _copying(64 * MIB, 2),
        FRESH: _fresh(64 * MIB),
        LOOPBACK: _loopback(256 * MIB),
    }


def _block(octets: int) -> memoryview:
    return memoryview(bytearray(b"\1") * octets)  # pages of zeros would all be one


def _copying(octets: int, times: int) -> float:
    source, target = _block(octets), _block(octets)

    def copy() -> None:
        for _ in range(times):
            target[:] = source

    copy()
    return _speed(octets * times, copy)


def _fresh(octets: int) -> float:
    source = _block(octets)
    return _speed(octets, lambda: bytes(source))


def _loopback(octets: int) -> float:
    """Messages of 1 MiB, to a receiver in a thread, which needs no lock to receive."""
    arrived = threading.Semaphore(0)

    def receive(client: socket.socket) -> None:
        room = bytearray(MIB)
        left = octets
        while size := client.recv_into(room):
            left -= size
            if not left:
                arrived.release()
                left = octets

    message = bytes(MIB)
    with listening(receive) as port, socket.create_connection((HOST, port)) as link:

        def send() -> None:
            for _ in range(octets // MIB):
                link.sendall(message)
            arrived.acquire()

        return _speed(octets, send)


def _speed(octets: int, work: Callable[[], object]) -> float:
    def once() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return octets / min(once() for _ in range(_REPEATS))
