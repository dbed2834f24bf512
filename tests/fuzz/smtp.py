"""The mail's side: one mail through `send_mail`."""

from __future__ import annotations

import time
from email.message import EmailMessage

from pydantic import SecretStr

from pipelines.config import SmtpAddress
from pipelines.mail import send_mail
from tests.fuzz.recording import record
from tests.fuzz.side import ClientSide, Splitter
from tests.kit.mail_server import MailServer

USER, PASSWORD = "etl", "pass-word"


class Side(ClientSide):
    patience = 0.5
    seconds = 0.5
    octets = 8 << 20
    lies = (
        b"220 " + b"x" * 20_000 + b"\r\n",
        b"250-" + b"y" * 500 + b"\r\n",
        b"250-and so on\r\n" * 5_000,
        b"220\r\n",
        b"\r\n",
        b"-1 no\r\n",
        b"99999999999999999999 no\r\n",
        b"250\0\xff\xfe\r\n",
        b"250 \x1b[2J\xe2\x80\xae\x07\r\n",
        b"250-STARTTLS\r\n250-AUTH \xff\r\n250 AUTH CRAM-MD5 PLAIN LOGIN\r\n",
        b"334 !!!not base64!!!\r\n",
        b"334 " + b"A" * 4_000 + b"\r\n",
        b"421 bye\r\n",
        b"421-bye\r\n421-and\r\n",
        b"354 go on\r\n354 go on\r\n",
        b"235 in\r\n",
        b"550 5.7.1 \xc3\x28 no\r\n",
        b"\xb2\xb3\xb9 digits of another kind\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n<html>",
    )

    def record(self) -> list[bytes]:
        with MailServer(login=(USER, PASSWORD)) as server:
            return record(server.port, self.visit, self.splitter)

    def splitter(self) -> Splitter:
        in_body = False

        def length(said: bytes) -> int:
            nonlocal in_body
            if in_body and not said.lower().startswith((b"rset\r\n", b"quit\r\n")):
                end = said.find(b"\r\n.\r\n") + 5
                in_body = end < 5
                return 0 if in_body else end
            in_body = said.lower().startswith(b"data\r\n")
            return said.find(b"\r\n") + 2 if b"\r\n" in said else 0

        return length

    def visit(self, port: int) -> None:
        address = SmtpAddress(
            host="127.0.0.1",
            port=port,
            user=USER,
            password=SecretStr(PASSWORD),
            security="none",
            sender="etl@example.com",
            recipients=("ann@example.com", "bob@example.com"),
        )
        message = EmailMessage()
        message["Subject"] = "Reports"
        message["Message-ID"] = "<reports@example.com>"
        message.set_content("All five are fresh.\n")
        send_mail([address], message, time.monotonic() + self.patience)
