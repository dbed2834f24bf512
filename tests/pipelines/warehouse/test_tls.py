"""The name of a server is what its certificate must have, whatever its address."""

from __future__ import annotations

import gc
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from pipelines.config import Warehouse
from pipelines.errors import TransientError
from pipelines.warehouse import connect_warehouse
from tests.kit.listeners import listener, name_addresses
from tests.kit.vertica_client import Vertica

NAME = "vertica.example.com"


@pytest.fixture
def vertica(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vertica]:
    """A server whose certificate has its name, not its address, and is trusted."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authorities.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    monkeypatch.setattr("sandbox.vertica.startup.server_context", lambda: context)
    server = Vertica()
    yield server
    server.stop()


def ask(vertica: Vertica, host: str, tlsmode: str) -> list[list[object]]:
    options = Warehouse.model_validate(
        {
            "host": host,
            "port": vertica.port,
            "user": "dbadmin",
            "password": SecretStr("secret"),
            "tlsmode": tlsmode,
            "login_timeout": 5,
        }
    )
    with warnings.catch_warnings():  # the driver forgets the socket of a failure
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with connect_warehouse(options) as connection:
                return connection.query("SELECT ssl_state FROM v_monitor.sessions")
        finally:
            gc.collect()


@pytest.mark.parametrize("tlsmode", ["require", "verify-ca", "verify-full"])
def test_the_certificate_is_held_against_the_name_at_each_address(
    vertica: Vertica, monkeypatch: pytest.MonkeyPatch, tlsmode: str
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.2", "127.0.0.1"]})
    with listener("127.0.0.2", vertica.port, b"") as came:
        assert ask(vertica, NAME, tlsmode)
        assert came


def test_a_certificate_of_another_name_is_refused(
    vertica: Vertica, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_addresses(monkeypatch, {"other.example.com": ["127.0.0.1"]})
    with pytest.raises(TransientError, match=r"other\.example\.com"):
        ask(vertica, "other.example.com", "verify-full")


def test_a_certificate_that_nobody_trusts_is_refused(
    vertica: Vertica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    name_addresses(monkeypatch, {NAME: ["127.0.0.1"]})
    with pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(vertica, NAME, "verify-ca")
