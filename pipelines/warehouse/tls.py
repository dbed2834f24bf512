"""TLS to Vertica for a server that is connected to by its address."""

from __future__ import annotations

import socket
import ssl
from typing import Any

from pipelines.config import Warehouse
from pipelines.network import show_certificate, trust


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


def tls_options(options: Warehouse, name: str) -> dict[str, object]:
    """The driver's options for what is configured: its own `tlsmode` trusts nobody.

    Args:
        options: With `tlsmode`, and the files of authorities and certificates.
        name: The name that the server's certificate must have, if it is looked at.

    Raises:
        ConfigurationError: A file cannot be used.
    """
    mode = options.tlsmode
    if mode in {"disable", "prefer"}:  # in a context the driver would require it
        return {"tlsmode": mode}
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = name
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    else:
        trust(context, options.tls_cafile)
    if options.tls_certfile:
        show_certificate(context, options.tls_certfile, options.tls_keyfile)
    return {"ssl": context}
