from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from pipelines.config import SmtpAddress
from pipelines.errors import PermanentError, TransientError
from pipelines.mail import check_server, send_mail
from tests.kit.listeners import listener, name_addresses
from tests.kit.mail_server import CLOSE, DRIP, HANG, MailServer


def address(server: MailServer, **options: object) -> SmtpAddress:
    usual = SmtpAddress(
        host="127.0.0.1",
        port=server.port,
        user="",
        password=SecretStr(""),
        security="none",
        sender="Shardline <etl@example.com>",
        recipients=("ann@example.com", "Bob <bob@example.com>"),
    )
    return replace(usual, **options)


def mail() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Reports of 2019-03-14"
    message["Message-ID"] = "<reports.2019-03-14@example.com>"
    message.set_content("All five are fresh.\n.\nFrom here on: ✓\n")
    return message


def soon(seconds: float = 20) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that this process trusts."""
    made = trustme.CA()
    path = tmp_path / "authority.pem"
    made.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return made


def certified(authority: trustme.CA, host: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def test_a_mail_arrives_as_it_was_written(server: MailServer) -> None:
    send_mail([address(server)], mail(), soon())
    (received,) = server.received
    assert received.octets.isascii()
    assert received.sender == "etl@example.com"
    assert received.recipients == ["ann@example.com", "bob@example.com"]
    message = received.message
    assert message["Message-ID"] == "<reports.2019-03-14@example.com>"
    assert message["From"] == "Shardline <etl@example.com>"
    assert message["To"] == "ann@example.com, Bob <bob@example.com>"
    assert message["Date"].datetime.tzinfo
    told = message.get_content().replace("\r\n", "\n")
    assert told == "All five are fresh.\n.\nFrom here on: ✓\n"


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "XOAUTH2 PLAIN"])
@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_mail_is_encrypted_and_logged_in_as_configured(
    authority: trustme.CA, security: str, mechanisms: str
) -> None:
    with MailServer(
        tls=certified(authority),
        implicit=security == "tls",
        login=("etl", "pass w0rd"),
        mechanisms=mechanisms,
    ) as server:
        login = {"user": "etl", "password": SecretStr("pass w0rd")}
        send_mail([address(server, security=security, **login)], mail(), soon())
        (received,) = server.received
        assert received.encrypted == (security != "none")
        assert received.user == "etl"
        check_server(address(server, security=security, **login))
        assert "noop" in server.commands


def test_a_server_without_starttls_gets_neither_password_nor_mail(
    server: MailServer,
) -> None:
    where = address(
        server, security="starttls", user="etl", password=SecretStr("secret")
    )
    with pytest.raises(PermanentError, match=r"STARTTLS.*correct security"):
        send_mail([where], mail(), soon())
    assert not any(line.startswith(("AUTH", "mail")) for line in server.commands)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_nobody_or_of_another_is_not_trusted(
    authority: trustme.CA, security: str
) -> None:
    for context in (certified(trustme.CA()), certified(authority, "elsewhere.test")):
        with MailServer(tls=context, implicit=security == "tls") as server:
            with pytest.raises(PermanentError, match=r"certificate.*correct host"):
                send_mail([address(server, security=security)], mail(), soon())
            assert server.received == []


def test_tls_where_there_is_none_is_told(server: MailServer) -> None:
    with pytest.raises(PermanentError, match="correct port and security"):
        send_mail([address(server, security="tls")], mail(), soon())


@pytest.mark.parametrize(
    ("at", "reply"),
    [
        ("CONNECT", "421 too many connections"),
        ("EHLO", "421 closing"),
        ("LOGIN", "454 no login now"),
        ("MAIL", "451 disk full"),
        ("RCPT", "450 greylisted"),
        ("DATA", "452 later"),
        ("BODY", "451 later"),
        ("CONNECT", CLOSE),
        ("MAIL", CLOSE),
        ("BODY", CLOSE),
        ("MAIL", "what?"),
    ],
)
def test_a_reply_of_400_or_a_lost_connection_is_left_to_later(
    at: str, reply: str
) -> None:
    # smtplib says HELO where EHLO is refused.
    replies = {at: reply, at.replace("EHLO", "HELO"): reply}
    if at == "RCPT":
        replies = {
            "RCPT ann@example.com": reply,
            "RCPT bob@example.com": "550 unknown",
        }
    with MailServer(replies, login=("etl", "x")) as server:
        where = address(server, user="etl", password=SecretStr("x"))
        with pytest.raises(TransientError) as raised:
            send_mail([where], mail(), soon())
        assert str(raised.value).startswith(f"smtp 127.0.0.1:{server.port}: ")
        assert server.received == []


@pytest.mark.parametrize(
    ("at", "reply", "told"),
    [
        ("CONNECT", "554 no", "refused: 554 no"),
        ("LOGIN", "535 no", "535 no; correct user and password"),
        ("MAIL", "530 log in first", "correct user and password"),
        ("MAIL", "550 not you", "550 not you; correct sender and recipients"),
        ("RCPT", "550 unknown", "550 unknown; correct sender and recipients"),
        ("DATA", "554 no", "554 no"),
        ("BODY", "554 spam", "554 spam"),
    ],
)
def test_a_reply_of_500_names_what_to_correct(at: str, reply: str, told: str) -> None:
    replies = {at: reply}
    if at == "RCPT":
        replies = dict.fromkeys(["RCPT ann@example.com", "RCPT bob@example.com"], reply)
    with MailServer(replies, login=("etl", "x")) as server:
        where = address(server, user="etl", password=SecretStr("x"))
        with pytest.raises(PermanentError, match=told):
            send_mail([where], mail(), soon())
        assert server.received == []


def test_one_recipient_who_is_refused_keeps_the_mail_from_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with MailServer({"RCPT ann@example.com": "550 unknown"}) as server:
        send_mail([address(server)], mail(), soon())
        assert server.received[0].recipients == ["bob@example.com"]
    assert "refused ann@example.com: 550 unknown" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "ätl@example.com"},
        {"recipients": ("bob@exämple.com",)},
        {"user": "ätl", "password": SecretStr("x")},
    ],
)
def test_what_smtp_cannot_carry_is_told(wrong: dict[str, object]) -> None:
    with MailServer(login=("etl", "x")) as server:
        with pytest.raises(PermanentError, match="SMTP cannot carry"):
            send_mail([address(server, **wrong)], mail(), soon())
        assert server.received == []


def test_servers_are_tried_in_turn_until_one_takes_it(server: MailServer) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        MailServer({"MAIL": "550 no"}) as strict,
    ):
        nobody = address(server, port=silent.getsockname()[1])
        send_mail([nobody, address(strict), address(server)], mail(), soon(1.5))
    assert len(server.received) == 1


def test_when_no_server_takes_it_all_are_told() -> None:
    with MailServer({"MAIL": "550 no"}) as one, MailServer({"MAIL": "550 nor"}) as two:
        with pytest.raises(PermanentError, match=r"550 no;.*550 nor;"):
            send_mail([address(one), address(two)], mail(), soon())
        two.replies["MAIL"] = "451 later"
        with pytest.raises(TransientError, match=r"550 no;.*451 later"):
            send_mail([address(one), address(two)], mail(), soon())
    with pytest.raises(PermanentError, match="add an smtp connection"):
        send_mail([], mail(), soon())


@pytest.mark.parametrize(
    ("at", "reply"),
    [("CONNECT", HANG), ("EHLO", HANG), ("EHLO", DRIP), ("BODY", HANG)],
)
def test_no_server_keeps_a_caller_beyond_its_deadline(at: str, reply: str) -> None:
    with MailServer({at: reply}) as server:
        with pytest.raises(TransientError, match="no answer in time"):
            send_mail([address(server)], mail(), soon(0.4))
        assert not server.released.is_set(), "the server was still at it"


@pytest.mark.parametrize("at", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY"])
def test_a_server_that_drips_is_let_go_of(at: str) -> None:
    others = set(threading.enumerate())
    with MailServer({at: DRIP}) as server:
        at_work = set(threading.enumerate())
        with pytest.raises(TransientError, match="no answer in time"):
            send_mail([address(server)], mail(), soon(0.4))
        for thread in set(threading.enumerate()) - at_work - others:
            if "process_request" not in thread.name:  # the server's own
                thread.join(20)
                assert not thread.is_alive()
        assert not server.released.is_set(), "the server was still at it"


@pytest.mark.parametrize("at", ["CONNECT", "EHLO", "MAIL", "DATA", "BODY"])
def test_a_reply_without_end_is_refused(at: str) -> None:
    endless = "250-and so on\r\n" * 10_000 + "250 that was all"
    with (
        MailServer({at: endless}) as server,
        pytest.raises(TransientError, match="its answer is too long") as raised,
    ):
        send_mail([address(server)], mail(), soon())
    assert f"smtp 127.0.0.1:{server.port}" in str(raised.value)


@pytest.mark.parametrize(
    ("at", "reply"),
    [
        ("CONNECT", "hello"),
        ("CONNECT", "HTTP/1.1 400 Bad Request"),
        ("EHLO", "\x00\x00\x00"),
        ("MAIL", ""),
        ("AUTH", "334 this is no base64, is it?"),
        ("AUTH", "334 \u00ff"),
    ],
)
def test_garbage_is_one_line_about_the_server(at: str, reply: str) -> None:
    login = ("etl", "secret")
    with MailServer({at: reply}, login=login, mechanisms="CRAM-MD5") as server:
        logs_in = {"user": "etl", "password": SecretStr("secret")}
        with pytest.raises((TransientError, PermanentError)) as raised:
            send_mail([address(server, **logs_in)], mail(), soon(2))
    assert str(raised.value).isprintable()
    assert f"smtp 127.0.0.1:{server.port}" in str(raised.value)


def test_an_accepted_mail_is_not_lost_to_a_server_that_will_not_part(
    server: MailServer,
) -> None:
    server.replies["QUIT"] = HANG
    send_mail([address(server)], mail(), soon())
    assert len(server.received) == 1


def test_a_check_names_what_is_wrong(server: MailServer) -> None:
    assert check_server(address(server)) == (
        f"smtp 127.0.0.1:{server.port} would send to"
        " ann@example.com, Bob <bob@example.com>"
    )
    assert server.received == []
    with pytest.raises(PermanentError, match="AUTH"):
        check_server(address(server, user="etl"))
    with MailServer({"NOOP": "421 going down"}) as busy, pytest.raises(TransientError):
        check_server(address(busy))


NAME = "mail.example.com"


@pytest.mark.parametrize(
    ("security", "answer"),
    [("none", b"SSH-2.0-no\r\n"), ("starttls", b"421 not now\r\n"), ("tls", b"")],
)
def test_each_address_of_a_name_is_tried_for_a_certificate_of_the_name(
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    security: str,
    answer: bytes,
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.2", "127.0.0.1"]})
    context = certified(authority, NAME)
    with (
        MailServer(tls=context, implicit=security == "tls") as server,
        listener("127.0.0.2", server.port, answer) as came,
    ):
        send_mail([address(server, host=NAME, security=security)], mail(), soon())
        assert len(server.received) == 1
        assert came


def test_a_refusal_ends_the_search_among_the_addresses_of_a_name(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.1", "127.0.0.2"]})
    server.replies["MAIL"] = "550 not from you"
    with listener("127.0.0.2", server.port, b"") as came:
        with pytest.raises(PermanentError, match="550"):
            send_mail([address(server, host=NAME)], mail(), soon())
        assert came == []
