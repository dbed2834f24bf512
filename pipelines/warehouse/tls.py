"""TLS to Vertica for a server that is connected to by its address."""

from __future__ import annotations

import socket
import ssl
from typing import Any


class NamedContext(ssl.SSLContext):
    """Takes the server for the one of a name, whatever was connected to.

    The driver names what it connects to, which is an address, and a certificate has the
    server's name.
    """

    server_name = ""

    def wrap_socket(
        self,
        sock: socket.socket,
        *args: Any,  # noqa: ANN401 - whatever the original takes
        **options: Any,  # noqa: ANN401
    ) -> ssl.SSLSocket:
        """As the original does, but for the name."""
        options["server_hostname"] = self.server_name
        return super().wrap_socket(sock, *args, **options)


def tls_options(mode: str, name: str) -> dict[str, object]:
    """The driver's options for a mode of ours.

    Authorities are those of the system, or of `SSL_CERT_FILE`.

    Args:
        mode: The configured `tlsmode`.
        name: The name that the server's certificate must have, if it is looked at.
    """
    if mode in {"disable", "prefer"}:  # in a context the driver would require it
        return {"tlsmode": mode}
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = name
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_default_certs()
    return {"ssl": context}
