"""Whom TLS trusts, and what is wrong with who is not to be trusted."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pipelines.errors import ConfigurationError

C = TypeVar("C", bound=ssl.SSLContext)


_VARIABLE = "SSL_CERT_FILE"

_BUNDLES = tuple(
    map(
        Path,
        (
            "/etc/ssl/certs/ca-certificates.crt",  # Debian and its like
            "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora and its like
            "/etc/ssl/cert.pem",  # Alpine, macOS
        ),
    )
)
"""Where systems have all authorities in a file, for an OpenSSL that knows a folder."""


def trust(context: C, cafile: Path | None) -> C:
    """Have a context take the certificates that these authorities have signed.

    Args:
        context: Which one.
        cafile: Authorities in PEM; None for those of the system, or of the file that
            `SSL_CERT_FILE` names.

    Returns:
        The context.

    Raises:
        ConfigurationError: There is no such file, or it has none.
    """
    if cafile:
        with _told("tls_cafile", cafile):
            context.load_verify_locations(cafile)
    else:
        _named_by_variable()
        context.load_default_certs()
    return context


def show_certificate(
    context: ssl.SSLContext, certfile: Path, keyfile: Path | None
) -> None:
    """Have a context show a certificate to a server that asks for one.

    Args:
        context: Which one.
        certfile: The certificate, with those that lead to its authority, in PEM.
        keyfile: Its private key, without a passphrase; None if `certfile` has it.

    Raises:
        ConfigurationError: A file is missing, or is not what it should be.
    """
    with _told("tls_certfile or tls_keyfile", keyfile or certfile):
        # Without a password OpenSSL would ask the terminal for one.
        context.load_cert_chain(certfile, keyfile, password="")


def authorities_file(cafile: Path | None) -> Path | None:
    """The file of authorities for a library that takes but a file.

    Args:
        cafile: The configured one; None for that of the system, or of `SSL_CERT_FILE`.

    Returns:
        The file, or None if the system has no such file.

    Raises:
        ConfigurationError: The configured one cannot be read, or has none.
    """
    if cafile:
        _check_authorities("tls_cafile", cafile, file_state(cafile))
        return cafile.absolute()
    known = _named_by_variable() or ssl.get_default_verify_paths().cafile
    files = [Path(known)] if known else [file for file in _BUNDLES if file.is_file()]
    return files[0].absolute() if files else None


def _named_by_variable() -> str:
    """The file of `SSL_CERT_FILE`, which OpenSSL passes over if it is none.

    Raises:
        ConfigurationError: It has no authorities.
    """
    named = os.environ.get(_VARIABLE, "")
    if named:
        _check_authorities(_VARIABLE, Path(named), file_state(Path(named)))
    return named


def file_state(file: Path) -> tuple[object, ...]:
    """What changes when a file does, for what is kept of it."""
    try:
        found = file.stat()
    except OSError:
        return (file,)
    return file, found.st_ino, found.st_mtime_ns, found.st_size


@lru_cache(maxsize=16)
def _check_authorities(option: str, file: Path, _state: object) -> None:
    """See that a file has authorities: once for each state, since it takes 20 ms."""
    with _told(option, file):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)


def tls_fault(error: BaseException | None) -> str:
    """What is wrong with the other end of a TLS connection that has failed.

    Args:
        error: What was raised, or what was raised while that was handled.

    Returns:
        A clause for people, or "" if it was not TLS that failed.
    """
    seen: set[int] = set()  # what is raised again may be a part of its own context
    while error and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not to be trusted: {error.verify_message}"
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
            reason = (error.reason or str(error)).replace("_", " ").lower()
            return f"TLS is not possible there: {reason}"
        error = error.__cause__ or error.__context__
    return ""


@contextmanager
def _told(option: str, file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, ssl.SSLError):
            reason = error.reason or "a key without a passphrase is needed"
            why = reason.replace("_", " ").lower()
        else:
            why = error.strerror or type(error).__name__
        raise ConfigurationError(f"{file}: {why}", step=f"correct {option}") from None
