"""A server that is none cannot have files of ours."""

from __future__ import annotations

from tests.kit.project import DAY, Project
from tests.kit.relay import Relay

SECRET = "what nobody else may read"
READY = b"Z" + (5).to_bytes(4) + b"I"


def asks_for(path: str) -> bytes:
    """VerifyFiles, as a server answers a COPY LOCAL of one file."""
    body = b"\x00\x01" + path.encode() + b"\x00" + b"\x00" + b"\x00"
    return b"F" + (4 + len(body)).to_bytes(4) + body


def test_a_server_that_asks_for_a_file_does_not_get_it(
    project: Project,
) -> None:
    project.loadable(3)
    assert project.load(DAY).code == 0
    (project.folder / "secret.txt").write_text(SECRET, encoding="utf-8")

    lies = []

    def alter(sent: bytes, answer: bytes) -> bytes:
        if lies or b"COUNT(*)" not in sent:
            return answer
        # It says itself that it awaits a question: what it takes the place of, which
        # would say so, may come in one piece with the rows or in another.
        lies.append(asks_for("secret.txt") + READY)
        return lies[0]

    vertica = project.sandbox.addresses.vertica
    with Relay(vertica.host, vertica.port, alter) as relay:
        project.options["warehouse"] = {"port": str(relay.port), "tlsmode": "disable"}
        result = project.run("shardline", "verify", "--from", DAY, "--to", DAY)
    assert lies
    # The connection is given up, and another one is asked.
    assert (result.code, result.err) == (0, "")
    assert SECRET.encode() not in relay.sent
    assert b"secret.txt" not in relay.sent
