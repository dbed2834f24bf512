"""The bodies of HTTP requests, with a length or in chunks (RFC 9112), and no longer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.telegram.errors import ApiError

if TYPE_CHECKING:
    from email.message import Message as Headers
    from io import BufferedIOBase

_LONGEST_LINE = 1024
_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})\s*(?:;.*)?\r?\n")
_END = (b"\r\n", b"\n")


def read_body(headers: Headers, stream: BufferedIOBase, longest: int) -> bytes:
    """Read the body of one request.

    Args:
        headers: The request's.
        stream: Where it is read.
        longest: How many octets it may have.

    Raises:
        ApiError: It cannot be read, and neither can what follows.
    """
    encoding = headers.get("Transfer-Encoding", "")
    length = headers.get("Content-Length", "0")
    if encoding:
        if encoding.lower() != "chunked" or "Content-Length" in headers:
            raise ApiError(400, "Bad Request")
        return _chunks(stream, longest)
    if not length.isdecimal():
        raise ApiError(400, "Bad Request")
    return _exactly(int(length), stream, longest)


def _chunks(stream: BufferedIOBase, longest: int) -> bytes:
    body = bytearray()
    while True:
        found = _SIZE.fullmatch(stream.readline(_LONGEST_LINE))
        if not found:
            raise ApiError(400, "Bad Request")
        size = int(found[1], 16)
        if not size:
            break
        body += _exactly(size, stream, longest - len(body))
        if stream.readline(_LONGEST_LINE) not in _END:
            raise ApiError(400, "Bad Request")
    if stream.readline(_LONGEST_LINE) not in _END:  # no trailers
        raise ApiError(400, "Bad Request")
    return bytes(body)


def _exactly(size: int, stream: BufferedIOBase, longest: int) -> bytes:
    if size > longest:
        raise ApiError(413, "Request Entity Too Large")
    body = stream.read(size)
    if len(body) < size:
        raise ApiError(400, "Bad Request")
    return body
