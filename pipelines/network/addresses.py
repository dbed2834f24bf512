"""The addresses that a server's name stands for."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """One address of a server.

    Attributes:
        host: What the server is called where it is configured, and so in its
            certificate.
        ip: The IPv4 or IPv6 address to connect to; the name where the driver is to look
            it up.
        port: The port to connect to.
    """

    host: str
    ip: str
    port: int

    @property
    def location(self) -> str:
        """Address and port, as URIs have them."""
        return host_and_port(self.ip, self.port)

    def __str__(self) -> str:
        """Name and port for people, with the address if that is not the name."""
        name = host_and_port(self.host, self.port)
        return name if self.ip == self.host else f"{name} ({self.ip})"


def host_and_port(host: str, port: int) -> str:
    """A host, in brackets if it is an IPv6 address, and a port."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def look_up(host: str, port: int) -> list[Address]:
    """The addresses of a host, at least one, in the order of the system's resolver.

    They are looked up each time, since names move. A name that cannot be looked up
    stands for itself, so that whoever connects to it tells why not.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return [Address(host, host, port)]
    inet = {socket.AF_INET, socket.AF_INET6}
    ips = [str(address[0]) for family, *_, address in found if family in inet]
    return [Address(host, ip, port) for ip in dict.fromkeys(ips or [host])]
