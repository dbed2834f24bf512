"""Whether a server can be reached at all."""

from __future__ import annotations

import socket

PROBE_TIMEOUT = 3.0
"""Seconds to find out."""


def why_unreachable(host: str, port: int) -> OSError | None:
    """Why no connection to an address can be made; None if one can.

    Drivers tell a refused login and a missing host apart badly or not at all, so a
    failed login asks this.
    """
    try:
        socket.create_connection((host, port), PROBE_TIMEOUT).close()
    except OSError as error:
        return error
    return None
