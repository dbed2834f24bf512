"""The sandbox's own authority, and the certificate that its servers show."""

from __future__ import annotations

import socket
import ssl
from functools import cache

import trustme

NAMES = ("localhost", "127.0.0.1", "::1")


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


def authority_pem() -> bytes:
    """The authority's certificate: who trusts it, trusts the servers."""
    return _authority().cert_pem.bytes()


@cache
def server_context() -> ssl.SSLContext:
    """TLS with a certificate that is made when it is first needed.

    It is for loopback and this machine's name. TLS 1.2 is the last version that TDS 7.4
    can carry.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    _authority().issue_cert(*NAMES, socket.gethostname()).configure_cert(context)
    return context
