"""The sockets of a driver that tells nobody which they are."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_DESCRIPTORS = Path("/dev/fd")


@dataclass(frozen=True)
class Link:
    """A connection of this process to a server.

    Attributes:
        descriptor: Its file descriptor.
        inode: Of the socket, since another may get the same descriptor later.
        ip: The server's address.
        port: Its port.
    """

    descriptor: int
    inode: int
    ip: str
    port: int

    def cut(self) -> None:
        """Shut it down, whichever thread waits for it; nothing if it is closed.

        The server sees its end, and with it that of the statement.
        """
        with suppress(OSError), copy_of(self.descriptor) as link:
            if os.fstat(link.fileno()).st_ino == self.inode:
                link.shutdown(socket.SHUT_RDWR)


def link_of(descriptor: int) -> Link:
    """The connection of a descriptor.

    Raises:
        OSError: It is of none.
    """
    with copy_of(descriptor) as link:
        is_inet = link.family in (socket.AF_INET, socket.AF_INET6)
        if not is_inet or link.type != socket.SOCK_STREAM:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        ip, port = link.getpeername()[:2]
        return Link(descriptor, os.fstat(link.fileno()).st_ino, ip, port)


def links_to(port: int) -> set[Link]:
    """All connections of this process to a port, with a server or on the way to it."""
    found = set()
    for one in _DESCRIPTORS.iterdir():
        with suppress(OSError):
            found.add(link_of(int(one.name)))
    return {link for link in found if link.port == port}


def copy_of(descriptor: int) -> socket.socket:
    """Another descriptor of a socket.

    Of nothing else: to close one of a file gives up all locks that the process has on
    it (fcntl(2)), and SQLite has some.

    Raises:
        OSError: It is none.
    """
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    return socket.socket(fileno=os.dup(descriptor))
