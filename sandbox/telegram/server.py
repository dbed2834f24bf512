"""The HTTP side of the Bot API on loopback."""

from __future__ import annotations

import json
import re
import socket
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sandbox.options import TOKEN
from sandbox.telegram.bodies import read_body
from sandbox.telegram.bot import DEFAULT_CHATS, Bot, Download, Reply
from sandbox.telegram.errors import ApiError
from sandbox.telegram.limits import LARGEST_FILE
from sandbox.telegram.parameters import read_parameters
from sandbox.threaded_server import Outage, ThreadedServer, hang_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.control_server import Operation
    from sandbox.holds import Holds

_FILE = re.compile(r"/file/bot([^/]+)/(.+)")
_PATH = re.compile(r"/bot([^/]+)/([^/]+)/?")
_LARGEST_BODY = LARGEST_FILE + (1 << 20)


class TelegramServer:
    """A Bot API for one bot.

    Args:
        holds: Where tests hold calls; see `sandbox.telegram.bot`.
        port: The port on loopback, 0 for a free one.
        token: The bot's token.
        chats: The ids of the chats there are from the beginning.

    Raises:
        TokenError: The token is none.
    """

    def __init__(
        self,
        holds: Holds,
        *,
        port: int = 0,
        token: str = TOKEN,
        chats: Sequence[int] = DEFAULT_CHATS,
    ) -> None:
        """Prepare; nothing is bound yet."""
        self._bot = Bot(holds, token=token, chats=chats)
        self._server = ThreadedServer("telegram", self._serve, port=port)

    def start(self) -> tuple[str, int]:
        """Serve, and return the address.

        Raises:
            OSError: The port is taken.
        """
        return self._server.start()

    def stop(self) -> None:
        """Close every connection and stop listening."""
        self._bot.wake()
        self._server.stop()

    def operations(self) -> dict[str, Operation]:
        """Return what the control channel can ask for, by name."""
        operations = {
            **self._bot.operations(),
            "down": self._down,
            "up": self._server.up,
        }
        return {f"telegram.{name}": run for name, run in operations.items()}

    def _down(self, outage: Outage) -> None:
        self._bot.wake()
        self._server.down(outage)

    def _serve(self, client: socket.socket) -> None:
        _Handler(client, self._bot)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    # A header and a body in two packets would wait for each other's acknowledgement.
    disable_nagle_algorithm = True

    connection: socket.socket

    def __init__(self, client: socket.socket, bot: Bot) -> None:
        self._bot = bot
        super().__init__(client, client.getpeername(), None)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._call()

    def do_POST(self) -> None:
        self._call()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Say nothing: the token stands in every path."""

    def _call(self) -> None:
        try:
            body = read_body(self.headers, self.rfile, _LARGEST_BODY)
        except ApiError as error:
            self.close_connection = True
            self._send(Reply.of(error))
            return
        url = urlsplit(self.path)
        if found := _FILE.fullmatch(url.path):
            self._answer(self._bot.download(unquote(found[1]), unquote(found[2])))
            return
        found = _PATH.fullmatch(url.path)
        if found is None:
            self._send(Reply.of(ApiError(404, "Not Found")))
            return
        kind = self.headers.get("Content-Type", "")
        read = partial(read_parameters, url.query, kind, body, self._is_gone)
        self._answer(self._bot.answer(unquote(found[1]), found[2], read))

    def _answer(self, reply: Reply | Download | None) -> None:
        if reply is None:
            self._hang_up()
        elif isinstance(reply, Download):
            self._send_file(reply)
        else:
            self._send(reply)

    def _hang_up(self) -> None:
        self.close_connection = True
        hang_up(self.connection)

    def _is_gone(self) -> bool:
        """Return whether the client closed the connection."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send(self, reply: Reply) -> None:
        body = json.dumps(reply.body, ensure_ascii=False).encode()
        self.send_response(reply.code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if reply.retry_after:
            self.send_header("Retry-After", str(reply.retry_after))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, file: Download) -> None:
        octets = len(file.content)
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(octets))
        self.end_headers()
        if file.is_cut:
            self.wfile.write(file.content[: octets // 2])
            self._hang_up()
        else:
            self.wfile.write(file.content)
