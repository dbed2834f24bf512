"""The sandbox's side of the control channel; `sandbox.control` has the other.

Whoever may read the addresses file may use it: the first line of a client names the
token that stands there. A line that is no request ends the connection, so that nothing
but a client of ours, such as a browser, gets anything done.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox.addresses import ControlAddress
from sandbox.holds import Failure, Rule
from sandbox.threaded_server import ThreadedServer

if TYPE_CHECKING:
    import socket

    from sandbox.holds import Holds, Verdict

Operation = Callable[..., object]

_LONGEST_REQUEST = 1 << 20


class ControlServer:
    """Answers control clients, each in a thread of its own.

    Attributes:
        address: Where it listens, and its token, once it has been started.
    """

    address: ControlAddress

    def __init__(
        self, holds: Holds, operations: Mapping[str, Operation], *, port: int = 0
    ) -> None:
        """Prepare; nothing is bound yet.

        Args:
            holds: The holds that clients set and remove.
            operations: What else can be asked for, by name. Each takes the request's
                arguments by keyword, and returns what JSON can carry.
            port: The port on loopback, 0 for a free one.
        """
        self._holds = holds
        self._operations = operations
        self._token = secrets.token_hex(16)
        self._server = ThreadedServer("control", self._serve, port=port)

    def start(self) -> tuple[str, int]:
        """Serve, and return host and port.

        Raises:
            OSError: The port is taken.
        """
        host, port = self._server.start()
        self.address = ControlAddress(host, port, self._token)
        return host, port

    def stop(self) -> None:
        """Close every connection and stop listening.

        Close the holds first, or a client that waits keeps its thread.
        """
        self._server.stop()

    def _serve(self, client: socket.socket) -> None:
        requests = _Requests(self._holds, self._operations)
        try:
            with client.makefile("rb") as lines:
                if not self._is_token(lines.readline(_LONGEST_REQUEST)):
                    return
                client.sendall(_answer(None))
                while request := _request(lines.readline(_LONGEST_REQUEST)):
                    client.sendall(requests.answer(request))
        finally:
            requests.let_go()

    def _is_token(self, line: bytes) -> bool:
        given = str((_request(line) or {}).get("token")).encode(errors="replace")
        return secrets.compare_digest(given, self._token.encode())


def _request(line: bytes) -> dict[str, Any] | None:
    """What a line says; None at the end, and if it is no request."""
    with suppress(ValueError, RecursionError):
        request = json.loads(line)
        if isinstance(request, dict):
            return request
    return None


def _answer(result: object) -> bytes:
    return json.dumps({"result": result}).encode() + b"\n"


class _Requests:
    """What one client asks for, and the holds it set."""

    def __init__(self, holds: Holds, operations: Mapping[str, Operation]) -> None:
        self._holds = holds
        self._own: set[int] = set()
        self._operations: Mapping[str, Operation] = {
            "hold": self._hold,
            "remove": self._remove,
            "wait": self._wait,
            "release": self._release,
            "holds": self._rules,
            "held": lambda: [asdict(one) for one in holds.held()],
            "start_log": holds.log.start,
            "stop_log": holds.log.stop,
            "statements": lambda: [asdict(one) for one in holds.log.read()],
            "ping": lambda: None,
            **operations,
        }

    def answer(self, request: dict[str, Any]) -> bytes:
        """Do what one request says; return the answer's line."""
        try:
            return _answer(self._do(request))
        except Exception as error:  # noqa: BLE001 - whoever asked must hear of it
            reply = {"error": _one_line(error), "kind": type(error).__name__}
            return json.dumps(reply).encode() + b"\n"

    def let_go(self) -> None:
        """Remove the holds this client left behind."""
        for hold in self._own:
            with suppress(KeyError):  # removed already
                self._holds.remove(hold)

    def _do(self, request: dict[str, Any]) -> object:
        name = request.pop("operation", None)
        if name not in self._operations:
            raise ValueError(f"no operation is called {name!r}")
        return self._operations[name](**request)

    def _hold(self, rule: dict[str, Any]) -> int:
        failure = Failure(**rule.pop("failure", {}))
        hold = self._holds.add(Rule(**rule, failure=failure))
        self._own.add(hold)
        return hold

    def _remove(self, hold: int) -> None:
        self._holds.remove(hold)

    def _wait(self, hold: int, count: int, timeout: float) -> list[dict[str, Any]]:
        caught = self._holds.wait(hold, count=count, timeout=timeout)
        return [asdict(one) for one in caught]

    def _release(
        self,
        verdict: Verdict,
        hold: int | None = None,
        caught: int | None = None,
        failure: dict[str, Any] | None = None,
    ) -> int:
        return self._holds.release(
            verdict,
            hold=hold,
            caught=caught,
            failure=Failure(**failure) if failure else None,
        )

    def _rules(self) -> dict[int, dict[str, Any]]:
        return {hold: asdict(rule) for hold, rule in self._holds.rules().items()}


def _one_line(error: Exception) -> str:
    # str() of a KeyError quotes its message.
    text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
    return " ".join(text.split()) or type(error).__name__
