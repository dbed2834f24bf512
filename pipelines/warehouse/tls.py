"""TLS to Vertica for a server that is connected to by its address."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.config import Warehouse
from pipelines.network import authorities_file, file_state, show_certificate, trust


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
    files = (options.tls_cafile, options.tls_certfile, options.tls_keyfile)
    looked_at = (options.tls_cafile or authorities_file(None), *files[1:])
    states = tuple(file_state(file) for file in looked_at if file)
    return {"ssl": _context(mode, name, files, states)}


@lru_cache(maxsize=16)
def _context(
    mode: str, name: str, files: Sequence[Path | None], _states: object
) -> NamedContext:
    """The context of these files as they are now: to read many authorities takes long.

    Those of a system take 20 ms, which is more than all else of a connection.
    """
    cafile, certfile, keyfile = files
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = name
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    else:
        trust(context, cafile)
    if certfile:
        show_certificate(context, certfile, keyfile)
    return context
