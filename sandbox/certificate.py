"""The certificate that the servers show to clients that ask for TLS."""

from __future__ import annotations

import ssl
from functools import cache

import trustme


@cache
def server_context() -> ssl.SSLContext:
    """TLS for loopback, with a certificate that is made when it is first needed.

    It is signed by an authority that nobody trusts, so a client that verifies it is
    refused, as by a real server with its certificate of the first installation. TLS 1.2
    is the last version that TDS 7.4 can carry.
    """
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    issued = authority.issue_cert(
        "localhost", "127.0.0.1", key_type=trustme.KeyType.RSA
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    issued.configure_cert(context)
    return context
