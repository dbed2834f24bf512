"""The sockets of a driver that tells nobody which they are."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Collection
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
    """

    descriptor: int
    inode: int
    ip: str

    def cut(self) -> None:
        """Shut it down, whichever thread waits for it; nothing if it is closed.

        The server sees its end, and with it that of the statement.
        """
        with suppress(OSError), _copy(self.descriptor) as link:
            if os.fstat(link.fileno()).st_ino == self.inode:
                link.shutdown(socket.SHUT_RDWR)


def link_of(descriptor: int) -> Link:
    """The connection of a descriptor.

    Raises:
        OSError: It is of none.
    """
    with _copy(descriptor) as link:
        inode = os.fstat(link.fileno()).st_ino
        return Link(descriptor, inode, str(link.getpeername()[0]))


def links_to(port: int) -> set[Link]:
    """All connections of this process to a port, with a server or on the way to it."""
    found = set()
    for one in _DESCRIPTORS.iterdir():
        with suppress(OSError), _copy(int(one.name)) as link:
            if link.family not in (socket.AF_INET, socket.AF_INET6):
                continue
            ip, its_port = link.getpeername()[:2]
            if link.type == socket.SOCK_STREAM and its_port == port:
                inode = os.fstat(link.fileno()).st_ino
                found.add(Link(int(one.name), inode, ip))
    return found


def new_links(before: Collection[Link], port: int, ips: Collection[str]) -> set[Link]:
    """The connections to a port that have come since some moment.

    Args:
        before: Those of that moment.
        port: The port.
        ips: The server's addresses: another thread may connect to another server.
    """
    return {link for link in links_to(port) - set(before) if link.ip in ips}


def _copy(descriptor: int) -> socket.socket:
    """Another descriptor of a socket.

    Of nothing else: to close one of a file gives up all locks that the process has on
    it (fcntl(2)), and SQLite has some.

    Raises:
        OSError: It is none.
    """
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    return socket.socket(fileno=os.dup(descriptor))
