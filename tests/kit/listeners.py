"""Servers that take a connection and are none, and names that lead to them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import pytest

SILENCE = "silence"
"""Never answers, and never hangs up."""


@contextmanager
def listener(
    host: str, port: int, answer: bytes | str | Callable[[], Iterator[bytes]]
) -> Iterator[list[bytes]]:
    """Take connections at an address, and answer the first packet of each wrongly.

    Args:
        host: The address, such as 127.0.0.2 or ::1.
        port: The port.
        answer: What is sent before it hangs up; what gives its parts; or `SILENCE`.

    Yields:
        The first packets that came.
    """
    came: list[bytes] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as server:

        def take() -> None:
            kept = []
            with suppress(OSError):
                while True:
                    link, _ = server.accept()
                    kept.append(link)
                    came.append(b"")
                    if callable(answer):
                        _start(link, answer())
                    if not isinstance(answer, bytes):
                        continue
                    if answer:
                        came[-1] = link.recv(4096)
                        link.sendall(answer)
                    link.close()
            for link in kept:
                link.close()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield came
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _start(link: socket.socket, parts: Iterator[bytes]) -> None:
    def send() -> None:
        with suppress(OSError):
            for part in parts:
                link.sendall(part)

    threading.Thread(target=send, daemon=True).start()


def name_addresses(
    monkeypatch: pytest.MonkeyPatch, names: Mapping[str, Sequence[str]]
) -> None:
    """Have the system's resolver know names, each with addresses in this order."""
    ask = socket.getaddrinfo

    def answer(host: str, *args: object, **options: object) -> list[object]:
        return [
            found
            for ip in names.get(host, [host])
            for found in ask(ip, *args, **options)  # type: ignore[arg-type]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
