"""Why a PostgreSQL cannot be spoken to in TLS: libpq tells it in a text only."""

from __future__ import annotations

import socket
import ssl
import struct

from sqlalchemy import URL

from pipelines.network import tls_fault, trust

PATIENCE = 3.0
"""Seconds for each step."""

_SSL_REQUEST = struct.pack(">II", 8, 80_877_103)
"""As in PostgreSQL's documentation of its message formats."""


def why_no_tls(url: URL) -> str:
    """What is wrong with a server's TLS, in a clause; "" if nothing is, or no telling.

    Args:
        url: The server's address; `sslmode` is verify-full unless it says otherwise.
    """
    mode, host = url.query.get("sslmode", "verify-full"), url.host or ""
    is_plain = {"host", "sslrootcert", "sslcert"}.isdisjoint(url.query)
    if mode != "verify-full" or not host or host.startswith("/") or not is_plain:
        return ""
    context = trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), None)
    try:
        with socket.create_connection((host, url.port or 5432), PATIENCE) as link:
            link.sendall(_SSL_REQUEST)
            if link.recv(1) == b"N":
                return "it does not speak TLS"
            context.wrap_socket(link, server_hostname=host).close()
    except OSError as error:
        return tls_fault(error)
    return ""
