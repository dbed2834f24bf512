"""Answers that have an end and a bound: of a socket, and by HTTP.

A socket's time-out begins anew with each octet. The usual client of HTTP reads an
answer however long it is, and makes a thousand times as much of one that is compressed.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

FOREVER = float(1 << 31)
"""Seconds that stand for no time-out."""


class LongAnswerError(OSError):
    """An answer is longer than it may be, or may become so."""


class BoundedFile(io.RawIOBase):
    """As a socket's own file, which a socket's time-out bounds octet by octet only.

    Attributes:
        end: When nothing more is waited for, of `time.monotonic`.
        octets: How many may still come.
    """

    def __init__(self, link: socket.socket, end: float, octets: int) -> None:
        """Begin with what comes next."""
        super().__init__()
        self.end = end
        self.octets = octets
        self._link = link
        # Keeps the socket open until this is closed.
        self._file = link.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer
        """Some octets.

        Raises:
            TimeoutError: None came in time.
            LongAnswerError: They are too many.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._link.settimeout(left)
        octets = self._file.readinto(buffer) or 0
        self.octets -= octets
        if self.octets < 0:
            raise LongAnswerError("its answer is too long")
        return octets

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
        super().close()


class BoundedSession(requests.Session):
    """As `requests` has them, for answers of some octets at most.

    The time-out of a request is for its whole answer, from the last octet that is
    asked. Answers are asked for as they are, and refused if they are compressed all the
    same. None leads elsewhere.
    """

    def __init__(self, octets: int) -> None:
        """Begin without a connection.

        Args:
            octets: Most of an answer, its headers among them.
        """
        super().__init__()
        self._environment: dict[str, Any] = {}
        self.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            self.mount(scheme, _BoundedAdapter(octets))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, or the client would read an answer that leads elsewhere in any case."""

    def merge_environment_settings(  # type: ignore[override]
        self,
        url: str,
        *given: Any,  # noqa: ANN401 - as the session has them
        **more: Any,  # noqa: ANN401 - as the session has them
    ) -> dict[str, Any]:
        """What the environment says of a host, such as its proxy, read once.

        To read it costs more than to ask a server on the same machine.
        """
        scheme, _, rest = str(url).partition("://")
        asked = repr((scheme, rest.partition("/")[0], given, more))
        if asked not in self._environment:
            merged = super().merge_environment_settings(url, *given, **more)
            self._environment[asked] = merged
        return dict(self._environment[asked])

    def ask(self, url: str, **request: Any) -> requests.Response:  # noqa: ANN401 - as post
        """POST, and read the answer.

        Raises:
            requests.RequestException: There is none, or not in time; behind it may be
                a `LongAnswerError`.
        """
        response = self.post(url, stream=True, **request)
        with response:
            coding = response.headers.get("Content-Encoding", "identity")
            if coding.lower() != "identity":
                error = LongAnswerError("its answer is compressed")
                raise requests.exceptions.ContentDecodingError(error) from error
            response.content  # noqa: B018 - it is kept
        return response


class _BoundedAdapter(HTTPAdapter):
    def __init__(self, octets: int) -> None:
        self._pools = _pools(octets)
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> PoolManager:  # noqa: ANN401
        manager: PoolManager = super().proxy_manager_for(proxy, **options)
        if isinstance(manager, ProxyManager):  # others have their own connections
            manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(octets: int) -> dict[str, type[HTTPConnectionPool]]:
    """What makes connections whose answers are bounded."""

    class Answer(_BoundedAnswer):
        most = octets

    class Http(HTTPConnection):
        response_class = Answer

    class Https(HTTPSConnection):
        response_class = Answer

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = Https

    return {"http": HttpPool, "https": HttpsPool}


class _BoundedAnswer(HTTPResponse):
    most: int

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(sock, *args, **options)
        self.fp.close()
        end = time.monotonic() + (sock.gettimeout() or FOREVER)
        self.fp = io.BufferedReader(BoundedFile(sock, end, self.most))
