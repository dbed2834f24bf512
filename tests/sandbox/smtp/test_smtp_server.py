"""The mail server of the sandbox, spoken to with smtplib."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from pathlib import Path

import pytest

from sandbox.holds import Holds
from sandbox.process import SandboxProcess
from sandbox.smtp.control import SmtpControl
from sandbox.smtp.server import SmtpServer

DEADLINE = 20
FROM, TO = "shardline@example.org", "reader@example.org"
Connect = Callable[[], smtplib.SMTP]


def made(subject: str = "Fresh", body: str = "Готово.\n.\n..\n") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = FROM, TO, subject
    mail["Message-ID"] = "<1@example.org>"
    mail.set_content(body, cte="8bit")
    mail.add_attachment(bytes(range(256)), maintype="image", subtype="png")
    mail.set_boundary("between")
    return mail


@pytest.fixture
def smtp(sandbox: SandboxProcess) -> SmtpControl:
    return sandbox.control.smtp


@pytest.fixture
def connect(sandbox: SandboxProcess) -> Iterator[Connect]:
    control, clients = sandbox.control, []
    control.smtp.clear()

    def connected() -> smtplib.SMTP:
        client = smtplib.SMTP(*sandbox.addresses.smtp, timeout=DEADLINE)
        clients.append(client)
        return client

    yield connected
    for client in clients:
        client.close()
    for hold in control.holds():
        control.remove(hold)
    control.smtp.demand()
    control.smtp.up()


def refused(error: smtplib.SMTPResponseException) -> tuple[int, str]:
    said = error.smtp_error
    return error.smtp_code, said.decode() if isinstance(said, bytes) else said


def test_a_mail_is_kept_as_it_was_sent(connect: Connect, smtp: SmtpControl) -> None:
    with connect() as client:
        client.send_message(made())
        client.send_message(made("Again"), to_addrs=[TO, "b@example.org"])
    first, second = smtp.mails()
    assert (first.sender, first.recipients) == (FROM, (TO,))
    assert (first.user, first.tls) == ("", False)
    assert first.data == made().as_bytes(policy=SMTP)
    body, image = first.message.iter_parts()
    assert body.get_content().splitlines() == ["Готово.", ".", ".."]
    assert image.get_content() == bytes(range(256))
    assert second.recipients == (TO, "b@example.org")
    assert second.message["Message-ID"] == "<1@example.org>"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_login_is_checked(
    connect: Connect, smtp: SmtpControl, mechanism: str
) -> None:
    smtp.demand(login=True)
    with connect() as client:
        with pytest.raises(smtplib.SMTPSenderRefused) as demanded:
            client.send_message(made())
        assert refused(demanded.value) == (530, "5.7.0 Authentication required")
        client.ehlo()
        client.user, client.password = "shardline", "wrong"
        authenticate = getattr(client, f"auth_{mechanism.lower()}")
        with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
            client.auth(mechanism, authenticate)
        assert wrong.value.smtp_code == 535
        client.password = "shardline"
        client.auth(mechanism, authenticate)
        client.send_message(made())
    (mail,) = smtp.mails()
    assert mail.user == "shardline"


def test_tls_is_begun_in_the_open(connect: Connect, smtp: SmtpControl) -> None:
    smtp.demand(login=True, tls=True)
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    with connect() as client:
        client.ehlo()
        assert client.has_extn("starttls")
        assert not client.has_extn("auth")
        with pytest.raises(smtplib.SMTPSenderRefused) as demanded:
            client.sendmail(FROM, TO, "")
        assert refused(demanded.value) == (
            530,
            "5.7.0 Must issue a STARTTLS command first",
        )
        client.starttls(context=trusting)
        assert client.docmd("MAIL", "FROM:<a@b>")[0] == 503  # as in the beginning
        client.login("shardline", "shardline")
        client.send_message(made())
        assert not client.has_extn("starttls")
        smtp.down()
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()
    (mail,) = smtp.mails()
    assert (mail.tls, mail.user) == (True, "shardline")


def test_a_client_that_verifies_the_certificate_is_disappointed(
    connect: Connect,
) -> None:
    client = connect()
    with pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())


def test_addresses_may_be_unicode_with_smtputf8(
    connect: Connect, smtp: SmtpControl
) -> None:
    mail = made("Свежее")
    del mail["To"]
    mail["To"] = "читатель@example.org"
    with connect() as client:
        client.send_message(mail)
    (kept,) = smtp.mails()
    assert kept.recipients == ("читатель@example.org",)
    assert kept.data == mail.as_bytes(policy=SMTPUTF8)
    with connect() as client:
        client.ehlo()
        client.mail(FROM)
        client.command_encoding = "utf-8"
        assert client.docmd("RCPT", "TO:<читатель@example.org>")[0] == 553


def test_recipients_are_refused_for_good_or_for_now(
    connect: Connect, smtp: SmtpControl
) -> None:
    smtp.refuse("RCPT TO:<b@")
    with connect() as client:
        told = client.sendmail(FROM, [TO, "b@example.org"], "a")
        assert told == {"b@example.org": (550, b"5.1.1 No such user here")}
        smtp.refuse("DATA", code=451, text="4.3.0 Try again later", times=1)
        with pytest.raises(smtplib.SMTPDataError) as later:
            client.sendmail(FROM, [TO], "b")
        assert refused(later.value) == (451, "4.3.0 Try again later")
        client.sendmail(FROM, [TO], "c")
    assert [(one.recipients, one.data) for one in smtp.mails()] == [
        ((TO,), b"a\r\n"),
        ((TO,), b"c\r\n"),
    ]


def test_a_lost_answer_leaves_the_mail_accepted(
    connect: Connect, smtp: SmtpControl
) -> None:
    smtp.lose_answers()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        connect().send_message(made())
    connect().send_message(made())
    ids = [one.message["Message-ID"] for one in smtp.mails()]
    assert ids == ["<1@example.org>"] * 2


def test_it_is_down_and_up_again(connect: Connect, smtp: SmtpControl) -> None:
    client = connect()
    smtp.down()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()
    with pytest.raises(ConnectionRefusedError):
        connect()
    smtp.down("close")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        connect()
    smtp.up()
    assert connect().noop()[0] == 250


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        (["MAIL FROM:<a@b>"], 503),
        (["EHLO"], 501),
        (["EHLO x", "RCPT TO:<a@b>"], 503),
        (["EHLO x", "DATA"], 503),
        (["HELO x", "MAIL FROM:a@b"], 501),
        (["EHLO x", "MAIL FROM:<a@b> SIZE=99999999999"], 552),
        (["EHLO x", "MAIL FROM:<a@b> BODY=BINARYMIME"], 501),
        (["EHLO x", "MAIL FROM:<a@b> RET=HDRS"], 555),
        (["EHLO x", "MAIL FROM:<>", "MAIL FROM:<>"], 503),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<>"], 501),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b>", "RSET", "DATA"], 503),
        (["EHLO x", "AUTH CRAM-MD5"], 504),
        (["EHLO x", "AUTH PLAIN !"], 501),
        (["EHLO x", "AUTH LOGIN", "*"], 501),
        (["VRFY a"], 252),
        (["BDAT 1"], 500),
        (["NOOP"], 250),
        (["QUIT"], 221),
        (["x" * 3000], 500),
    ],
)
def test_a_command_out_of_place_has_its_code(
    connect: Connect, commands: list[str], code: int
) -> None:
    client = connect()
    answers = [client.docmd(one)[0] for one in commands]
    assert answers[-1] == code


def test_only_a_dot_between_two_crlf_ends_a_mail(
    connect: Connect, smtp: SmtpControl
) -> None:
    smuggled = b"a\n.\nMAIL FROM:<x@y>\r\n.\nb\r\n"
    client = connect()
    said = b"HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
    client.send(said + smuggled + b".\r\nQUIT\r\n")
    codes = [client.getreply()[0] for _ in range(6)]
    assert codes == [250, 250, 250, 354, 250, 221]
    (mail,) = smtp.mails()
    assert mail.data == b"a\n.\nMAIL FROM:<x@y>\r\n\nb\r\n"


def test_each_mail_becomes_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    for number in (1, 2):
        server = SmtpServer(Holds(), logins={}, folder=folder)
        with smtplib.SMTP(*server.start(), timeout=DEADLINE) as client:
            client.sendmail(FROM, TO, f"Subject: {number}\n\n.x")
        server.stop()
    files = {one.name: one.read_bytes() for one in folder.iterdir()}
    assert files == {
        "0001.eml": b"Subject: 1\r\n\r\n.x\r\n",
        "0002.eml": b"Subject: 2\r\n\r\n.x\r\n",
    }
