"""What a good server says, recorded between it and the client."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz.side import Splitter
from tests.kit.relay import Relay


def record(
    port: int, visit: Callable[[int], None], splitter: Callable[[], Splitter]
) -> list[bytes]:
    """A server's greeting, and what it answers to each of a client's requests.

    Args:
        port: Where the server is, on loopback.
        visit: Uses the server, by one connection at a time, through another port.
        splitter: Makes what finds the requests of a connection.
    """
    heard: list[tuple[int, bytes]] = []

    def note(sent: bytes, answer: bytes) -> bytes:
        heard.append((len(sent), answer))
        return answer

    with Relay("127.0.0.1", port, note) as relay:
        visit(relay.port)
        sent = bytes(relay.sent)
    ends = [0]
    length = splitter()
    while step := length(sent[ends[-1] :]):
        ends.append(ends[-1] + step)
    turns = [b""] * len(ends)
    for so_far, answer in heard:
        turns[sum(end <= so_far for end in ends) - 1] += answer
    return turns
