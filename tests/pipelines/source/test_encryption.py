"""A SQL Server is spoken to in TLS, and only if its certificate says who it is."""

from __future__ import annotations

import fcntl
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from pipelines.catalog import Shard
from pipelines.config import Server as Options
from pipelines.errors import ConfigurationError, PermanentError
from pipelines.source import connect_source
from sandbox.engine import Engine
from sandbox.tds import connection as served
from sandbox.tds.packets import Message, PacketStream
from tests.kit.listeners import listener, name_addresses
from tests.kit.relay import Relay
from tests.kit.tds_server import PASSWORD, USER, Server

SHARD = Shard(name="shop", server="mssql_0", database="master", time_zone="UTC")
NAME = "sql.example.com"
TRY = fcntl.LOCK_EX | fcntl.LOCK_NB
HEADER = 8
ENCRYPTION_OPTION = b"\x01\x00"
"""The number of PRELOGIN's option, and the first octet of its offset."""


def server_context(
    authority: trustme.CA, lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = lowest
    context.maximum_version = lowest
    authority.issue_cert("localhost", NAME).configure_cert(context)
    return context


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """One with a certificate for names, and its authority in a file."""
    authority = trustme.CA()
    context = server_context(authority)
    monkeypatch.setattr(served, "server_context", lambda: context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    with closing(Engine(None)) as engine:
        running = Server(engine)
        yield running
        running.stop()


def ask(server: Server, host: str = "localhost", **given: object) -> bool:
    """Whether what is asked travels in TLS."""
    with Relay(server.host, server.port) as relay:
        ask_at(relay.port, host, **given)
    return "SELECT 1".encode("utf-16-le") not in relay.sent


def ask_at(port: int, host: str = "localhost", **given: object) -> None:
    options = Options.model_validate(
        {
            "host": host,
            "port": port,
            "user": USER,
            "password": SecretStr(PASSWORD),
            "login_timeout": 5,
            **given,
        }
    )
    with connect_source(options, SHARD) as link, link.answering(5) as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]


def test_who_has_a_certificate_of_an_authority_that_is_named_is_trusted(
    server: Server, tmp_path: Path
) -> None:
    assert ask(server, tls_cafile=tmp_path / "authority.pem")


def test_authorities_are_those_of_the_system_unless_others_are_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PermanentError, match="certificate is not to be trusted"):
        ask(server)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    assert ask(server)


def test_a_certificate_of_another_name_is_refused(
    server: Server, tmp_path: Path
) -> None:
    with pytest.raises(PermanentError, match=r"not valid for '127\.0\.0\.1'"):
        ask(server, "127.0.0.1", tls_cafile=tmp_path / "authority.pem")


def test_each_address_of_a_name_must_have_the_certificate_of_that_name(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.2", "127.0.0.1"]})
    with listener("127.0.0.2", server.port, b"") as came:
        ask_at(server.port, NAME, tls_cafile=tmp_path / "authority.pem")
    assert came


def test_a_server_that_does_not_encrypt_gets_no_password(
    server: Server, tmp_path: Path
) -> None:
    lies = []

    def alter(_: bytes, answer: bytes) -> bytes:
        at = answer.find(ENCRYPTION_OPTION, HEADER)
        if not answer.startswith(b"\x04\x01") or at < 0:
            return answer
        lies.append(at)
        value = HEADER + int.from_bytes(answer[at + 1 : at + 3])
        return answer[:value] + b"\x02" + answer[value + 1 :]

    with Relay(server.host, server.port, alter) as relay:
        with pytest.raises(PermanentError, match="it does not encrypt"):
            ask_at(relay.port, tls_cafile=tmp_path / "authority.pem")
        assert lies
        assert USER.encode("utf-16-le") not in relay.sent


def test_versions_of_tls_that_the_server_lacks_are_named(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = server_context(trustme.CA(), ssl.TLSVersion.TLSv1_3)
    monkeypatch.setattr(served, "server_context", lambda: context)
    with pytest.raises(PermanentError, match=r"handshake.*lacks TLS 1\.2"):
        ask(server, tls_cafile=tmp_path / "authority.pem")


def test_a_certificate_is_not_looked_at_only_where_that_is_named(
    server: Server,
) -> None:
    assert ask(server, "127.0.0.1", trust_server_certificate=True)
    assert not ask(server, "127.0.0.1", encryption="off")


def test_the_files_of_freetds_weaken_nothing_and_are_left_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = tmp_path / "freetds.conf"
    mine.write_text("[global]\n\tcheck certificate hostname = no\n\tca file =\n")
    monkeypatch.setenv("FREETDSCONF", str(mine))
    with pytest.raises(PermanentError, match="certificate is not to be trusted"):
        ask(server)
    assert os.environ["FREETDSCONF"] == str(mine)


def test_a_file_of_authorities_may_be_anywhere(server: Server, tmp_path: Path) -> None:
    far = tmp_path / ("long" * 40) / ("and longer" * 20) / "with  blanks ;#.pem"
    far.parent.mkdir(parents=True)
    (tmp_path / "authority.pem").rename(far)
    assert ask(server, tls_cafile=far)


@pytest.mark.parametrize(
    ("text", "told"),
    [(None, "No such file"), ("none", "no certificate or crl found")],
)
def test_a_file_without_authorities_is_told(
    server: Server, tmp_path: Path, text: str | None, told: str
) -> None:
    file = tmp_path / "mine.pem"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"mine\.pem: {told}.*tls_cafile"):
        ask(server, tls_cafile=file)


def test_nothing_is_left_of_a_login(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    ask(server, tls_cafile=tmp_path / "authority.pem")
    assert list(folder.iterdir()) == []


def test_a_host_that_is_none_is_told(server: Server) -> None:
    with pytest.raises(ConfigurationError, match="neither a name nor an address"):
        ask(server, "sql]\nhost = elsewhere")


def test_a_login_gives_up_no_lock_of_the_process_on_its_files(
    server: Server, tmp_path: Path
) -> None:
    held = tmp_path / "database"
    other = f"import fcntl; fcntl.lockf(open({str(held)!r}, 'ab'), {TRY})"
    with held.open("ab") as file:
        fcntl.lockf(file, TRY)
        ask(server, tls_cafile=tmp_path / "authority.pem")
        found = subprocess.run(
            [sys.executable, "-c", other], check=False, capture_output=True
        )
    assert b"BlockingIOError" in found.stderr


def encrypting_the_login_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have servers answer ENCRYPT_OFF, and go on in the clear after the login."""
    reply, secure = served.prelogin_reply, PacketStream.secure

    def off(*, tls: bool) -> bytes:
        answer = bytearray(reply(tls=tls))
        at = answer.find(ENCRYPTION_OPTION)
        answer[int.from_bytes(answer[at + 1 : at + 3])] = 0
        return bytes(answer)

    def secure_one(stream: PacketStream, context: ssl.SSLContext) -> None:
        plain = stream._socket
        secure(stream, context)
        read = stream.read

        def read_one() -> Message:
            login = read()
            stream._socket, stream.read = plain, read  # type: ignore[method-assign]
            return login

        stream.read = read_one  # type: ignore[method-assign]

    monkeypatch.setattr(served, "prelogin_reply", off)
    monkeypatch.setattr(PacketStream, "secure", secure_one)


def test_a_server_that_stops_encrypting_after_the_login_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypting_the_login_only(monkeypatch)
    with Relay(server.host, server.port) as relay:
        with pytest.raises(PermanentError, match="but nothing after it"):
            ask_at(relay.port, tls_cafile=tmp_path / "authority.pem")
        assert "USE ".encode("utf-16-le") not in relay.sent


@pytest.mark.parametrize("name", ["tmp é", "two  blanks", "and;#", "long" * 60])
def test_a_folder_of_temporary_files_may_have_any_name(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert ask(server, tls_cafile=tmp_path / "authority.pem")
