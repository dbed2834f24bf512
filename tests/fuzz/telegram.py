"""The alert channel's side: a check, a message, its edit, a file."""

from __future__ import annotations

import gzip
import json
import re
import time
import zlib

from pydantic import SecretStr

from pipelines.alerts import TelegramChannel
from pipelines.alerts.channel import Notice
from pipelines.alerts.telegram.rate_limits import Limits
from pipelines.config import TelegramAddress
from tests.fuzz.recording import record
from tests.fuzz.side import ClientSide, Splitter
from tests.kit.bot_server import TOKEN, BotServer

NOTICE = Notice(17, "2 shards failed", "no route", ("since 02:14",), "wait")
GROWN = Notice(17, "3 shards failed", "no route", ("since 02:14",), "wait" * 3_000)


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


def told(result: object) -> bytes:
    return answer(json.dumps({"ok": True, "result": result}).encode())


def refused(status: int, **told: object) -> bytes:
    body = json.dumps({"ok": False, "error_code": status, **told}).encode()
    return answer(body, status=b"%d No" % status)


def raw_refused(status: int, body: bytes) -> bytes:
    return answer(body, status=b"%d No" % status)


_BOMB = gzip.compress(gzip.compress(b" " * (200 << 20)))


class Side(ClientSide):
    patience = 0.3
    seconds = 0.6
    octets = 24 << 20
    is_resumed = True
    lies = (
        answer(_BOMB, b"Content-Encoding: gzip, gzip"),
        answer(gzip.compress(b" " * (60 << 20)), b"Content-Encoding: gzip"),
        answer(zlib.compress(b"[" * (30 << 20)), b"Content-Encoding: deflate"),
        answer(b"not gzip", b"Content-Encoding: gzip"),
        answer(b"{}", b"Content-Encoding: br, zstd, x-unknown"),
        answer(b"[" * 200_000 + b"]" * 200_000),
        answer(b'{"ok":' * 50_000),
        answer(b"\xff\xfe{\xff"),
        answer(b'{"ok": true, "result": {"message_id": 1e400}}'),
        answer(b'{"ok": true, "result": {"message_id": NaN}}'),
        answer(b'{"ok": true, "result": {"message_id": ' + b"9" * 5_000 + b"}}"),
        answer(b'{"ok": true, "result": {"message_id": ' + b"9" * 400 + b"}}"),
        told([]),
        told(None),
        told("yes"),
        told({"message_id": "seventeen"}),
        told({"message_id": [1]}),
        told({"message_id": -1}),
        told({}),
        told({"id": {}, "title": ["x"], "username": 5}),
        answer(b'{"ok": "true"}'),
        answer(b"[]"),
        answer(b"null"),
        refused(429, parameters={"retry_after": int("9" * 400)}),
        refused(429, parameters={"retry_after": -5}),
        refused(429, parameters={"retry_after": [1]}),
        refused(429, parameters=[1]),
        raw_refused(429, b'{"ok":false,"parameters":{"retry_after":NaN}}'),
        raw_refused(429, b'{"ok":false,"parameters":{"retry_after":1e999}}'),
        refused(429, parameters={"retry_after": 10**9}),
        answer(b"", b"Retry-After: " + b"9" * 400, status=b"429 No"),
        refused(400, description=["x"]),
        refused(400, description="x" * 200_000),
        refused(400, description="\x1b[2J\u202e\x07"),
        refused(400, parameters={"migrate_to_chat_id": [1, 2]}),
        refused(400, parameters={"migrate_to_chat_id": "x" * 200_000}),
        refused(400, description="can't parse entities"),
        refused(400, description="message is too long"),
        refused(400, description="message to edit not found"),
        answer(b"", b"Location: http://127.0.0.1:1/", status=b"302 Found"),
        answer(b"", b"Location: " + b"x" * 60_000, status=b"307 Elsewhere"),
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500,
        b"HTTP/1.1 200 OK\r\nX-A: " + b"c" * 500_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/9.9 abc\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    )

    def record(self) -> list[bytes]:
        with BotServer() as server:
            return record(int(server.url.rpartition(":")[2]), self.visit, self.splitter)

    def splitter(self) -> Splitter:
        def length(said: bytes) -> int:
            head, blank, _ = said.partition(b"\r\n\r\n")
            found = re.search(rb"Content-Length: (\d+)", head, re.IGNORECASE)
            whole = len(head) + 4 + (int(found[1]) if found else 0)
            return whole if blank and len(said) >= whole else 0

        return length

    def visit(self, port: int) -> None:
        address = TelegramAddress(
            SecretStr(TOKEN), ("-100",), f"http://127.0.0.1:{port}"
        )
        channel = TelegramChannel(address, _Hasty())
        channel.check(self.patience)
        end = time.monotonic() + self.patience
        receipt = channel.deliver(NOTICE, None, end)
        channel.deliver(GROWN, receipt, end)


class _Hasty(Limits):
    """Nothing is waited for that the server does not ask for."""

    def __init__(self) -> None:
        super().__init__()
        self._calls._overall._seconds = 0

    def take(self, chat: str) -> float:  # noqa: ARG002 - whichever it is
        """No place is taken."""
        return 0

    def count(self, chat: str) -> None:
        """Nothing is counted."""
