"""A small Bot API on loopback, with chats that keep messages, and faults on demand."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from sandbox.telegram.entities import MarkupError
from sandbox.telegram.markdown import parse_markdown

TOKEN = "123456:AAbb-cc_DDee"


@dataclass
class Answer:
    """What to answer a call with, instead of what it deserves."""

    status: int = 200
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    does_it: bool = False
    """Do what was asked, and then answer this."""
    hangs: bool = False
    drips: bool = False


class RefusedError(Exception):
    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.answer = Answer(status, description)


class BotServer:
    """Chats -100 (a group) and 7 (a person), and a bot that may write to them."""

    def __init__(self) -> None:
        self.chats = {"-100", "7", "@ops"}
        self.topics: dict[str, set[int]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.messages: dict[tuple[str, int], dict[str, Any]] = {}
        self.files: list[bytes] = []
        self.next: deque[Answer] = deque()
        self.released = threading.Event()
        self._last = 0
        self._lock = threading.Lock()
        bot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                _, token, method = self.path.split("/")
                answer = bot.answer(
                    token.removeprefix("bot"), method, self.headers, body
                )
                if answer.hangs:
                    bot.released.wait(60)
                    self.close_connection = True
                    return
                if answer.drips:
                    self.drip()
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.raw or b"")))
                self.end_headers()
                self.wfile.write(answer.raw or b"")

            def drip(self) -> None:
                self.send_response(200)
                self.end_headers()
                with suppress(OSError):
                    while not bot.released.wait(0.05):
                        self.wfile.write(b" ")
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that gave up is no error."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def texts(self, chat: str = "-100") -> list[str]:
        """What a chat shows, in order."""
        return [
            message["shown"] for at, message in self.messages.items() if at[0] == chat
        ]

    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]

    def answer(self, token: str, method: str, headers: Message, body: bytes) -> Answer:
        with self._lock:
            asked = self._parameters(headers, body)
            self.calls.append((method, asked))
            planned = self.next.popleft() if self.next else None
            if planned and not planned.does_it:
                return self._written(planned)
            try:
                result = self._method(token, method)(asked)
            except RefusedError as error:
                return self._written(error.answer)
            if planned:
                return self._written(planned)
            return Answer(raw=json.dumps({"ok": True, "result": result}).encode())

    def _method(
        self, token: str, method: str
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        if token != TOKEN:
            raise RefusedError(401, "Unauthorized")
        return {
            "getMe": self._get_me,
            "getChat": self._get_chat,
            "sendMessage": self._send,
            "editMessageText": self._edit,
            "sendDocument": self._send_file,
        }[method]

    def _written(self, answer: Answer) -> Answer:
        if answer.raw is None:
            told = {
                "ok": False,
                "error_code": answer.status,
                "description": answer.description,
            }
            if answer.parameters:
                told["parameters"] = answer.parameters
            answer.raw = json.dumps(told).encode()
        return answer

    def _parameters(self, headers: Message, body: bytes) -> dict[str, Any]:
        if headers["Content-Type"] == "application/json":
            return json.loads(body)
        self.files.append(body)
        (chat,) = re.findall(rb'name="chat_id"\r\n\r\n(.*?)\r\n', body)
        return {"chat_id": chat.decode()}

    def _get_me(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"id": 123456, "username": "shardline_bot"}

    def _get_chat(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"id": self._chat(asked), "title": "Data on call"}

    def _send(self, asked: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(asked)
        text = self._text(asked)
        thread = asked.get("message_thread_id")
        if thread is not None and thread not in self.topics.get(chat, ()):
            raise RefusedError(400, "Bad Request: message thread not found")
        self._last += 1
        reply = asked.get("reply_parameters", {})
        self.messages[chat, self._last] = {
            "text": asked["text"],
            "shown": text,
            "reply_to": reply.get("message_id"),
        }
        return {"message_id": self._last}

    def _edit(self, asked: dict[str, Any]) -> dict[str, Any]:
        at = self._chat(asked), asked["message_id"]
        text = self._text(asked)
        if at not in self.messages:
            raise RefusedError(400, "Bad Request: message to edit not found")
        if self.messages[at]["text"] == asked["text"]:
            raise RefusedError(
                400,
                "Bad Request: message is not modified: specified new message content"
                " and reply markup are exactly the same as a current content",
            )
        self.messages[at] |= {"text": asked["text"], "shown": text}
        return {"message_id": asked["message_id"]}

    def _send_file(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._chat(asked)
        self._last += 1
        return {"message_id": self._last}

    def _chat(self, asked: dict[str, Any]) -> str:
        if asked["chat_id"] not in self.chats:
            raise RefusedError(400, "Bad Request: chat not found")
        return str(asked["chat_id"])

    def _text(self, asked: dict[str, Any]) -> str:
        text: str = asked["text"]
        if asked.get("parse_mode") == "MarkdownV2":
            try:
                text = parse_markdown(text).text
            except MarkupError as error:
                raise RefusedError(
                    400, f"Bad Request: can't parse entities: {error}"
                ) from error
        if len(text.encode("utf-16-le")) // 2 > 4096:
            raise RefusedError(400, "Bad Request: message is too long")
        return text

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
