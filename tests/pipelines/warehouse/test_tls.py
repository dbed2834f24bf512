"""The name of a server is what its certificate must have, whatever its address."""

from __future__ import annotations

import gc
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from pipelines.config import Warehouse
from pipelines.errors import ConfigurationError, PermanentError, TransientError
from pipelines.warehouse import connect_warehouse
from tests.kit.listeners import listener, name_addresses
from tests.kit.relay import Relay
from tests.kit.vertica_client import Vertica

NAME = "vertica.example.com"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    """The server's, with a certificate of its name, not its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    return context


@pytest.fixture
def vertica(
    authority: trustme.CA,
    context: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Vertica]:
    """A server whose certificate is of one of the system's authorities."""
    authority.cert_pem.write_to_path(str(tmp_path / "authorities.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    monkeypatch.setattr("sandbox.vertica.startup.server_context", lambda: context)
    server = Vertica()
    yield server
    server.stop()


def ask(
    vertica: Vertica, host: str, *, port: int = 0, **given: object
) -> list[list[object]]:
    options = Warehouse.model_validate(
        {
            "host": host,
            "port": port or vertica.port,
            "user": "dbadmin",
            "password": SecretStr("secret"),
            "login_timeout": 5,
            **given,
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
        assert ask(vertica, NAME, tlsmode=tlsmode)
        assert came


def test_a_certificate_of_another_name_is_refused(
    vertica: Vertica, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_addresses(monkeypatch, {"other.example.com": ["127.0.0.1"]})
    with pytest.raises(PermanentError, match=r"not valid for 'other\.example\.com'"):
        ask(vertica, "other.example.com")


def test_a_certificate_that_nobody_trusts_is_refused(
    vertica: Vertica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    name_addresses(monkeypatch, {NAME: ["127.0.0.1"]})
    with pytest.raises(PermanentError, match="not to be trusted"):
        ask(vertica, NAME, tlsmode="verify-ca")


def test_authorities_may_be_named_for_vertica_alone(
    vertica: Vertica, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    name_addresses(monkeypatch, {NAME: ["127.0.0.1"]})
    assert ask(vertica, NAME, tls_cafile=tmp_path / "authorities.pem")
    with pytest.raises(ConfigurationError, match=r"none\.pem: No such.*tls_cafile"):
        ask(vertica, NAME, tls_cafile=tmp_path / "none.pem")


def test_a_server_without_tls_gets_no_password(
    vertica: Vertica, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.1"]})

    def alter(_: bytes, answer: bytes) -> bytes:
        return b"N" if answer == b"S" else answer

    with Relay(vertica.host, vertica.port, alter) as relay:
        with pytest.raises(PermanentError, match="does not speak TLS"):
            ask(vertica, NAME, port=relay.port)
        assert b"dbadmin" not in relay.sent


@pytest.mark.parametrize("answer", [b"", b"E\0\0\0\4"])
def test_what_does_not_say_that_it_has_no_tls_may_have_it_later(
    vertica: Vertica, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.2"]})
    with (
        listener("127.0.0.2", vertica.port, answer or b""),
        pytest.raises(TransientError) as caught,
    ):
        ask(vertica, NAME)
    assert "tlsmode" not in str(caught.value)


def test_vertica_is_shown_a_certificate_that_it_asks_for(
    vertica: Vertica,
    context: ssl.SSLContext,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.1"]})
    context.verify_mode = ssl.CERT_REQUIRED
    # Later versions tell the refusal only after the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    authority.configure_trust(context)
    ours = authority.issue_cert("etl.example.com")
    both, key = tmp_path / "both.pem", tmp_path / "key.pem"
    ours.private_key_and_cert_chain_pem.write_to_path(both)
    ours.private_key_pem.write_to_path(key)
    assert ask(vertica, NAME, tls_certfile=both)
    assert ask(vertica, NAME, tls_certfile=both, tls_keyfile=key)
    with pytest.raises(PermanentError, match="TLS is not possible there"):
        ask(vertica, NAME)


def test_a_key_that_asks_for_a_passphrase_is_told(
    vertica: Vertica, authority: trustme.CA, tmp_path: Path
) -> None:
    ours, key = authority.issue_cert("etl.example.com"), tmp_path / "key.pem"
    ours.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    plain = serialization.load_pem_private_key(ours.private_key_pem.bytes(), None)
    key.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ConfigurationError, match="key without a passphrase"):
        ask(
            vertica,
            NAME,
            tls_certfile=tmp_path / "certificate.pem",
            tls_keyfile=key,
        )
