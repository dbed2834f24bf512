"""Getting a process out of a read that no signal ends."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

DESCRIPTORS = Path("/dev/fd")


def cut(port: int) -> None:
    """Shut this process's connections to a port, whichever thread waits for them.

    The driver waits in C, where a signal is heard only when the server has answered.
    The server sees the connection end, and with it the statement. Found by the port,
    since the driver tells its socket to nobody.

    Args:
        port: The port on the server's side.
    """
    for one in DESCRIPTORS.iterdir():
        with suppress(OSError), socket.socket(fileno=os.dup(int(one.name))) as link:
            if link.family in (socket.AF_INET, socket.AF_INET6):
                _shut(link, port)


def _shut(link: socket.socket, port: int) -> None:
    if link.type == socket.SOCK_STREAM and link.getpeername()[1] == port:
        link.shutdown(socket.SHUT_RDWR)
