"""What Vertica says that it took is what was sent, or nothing is committed."""

from __future__ import annotations

import pytest

from tests.kit.project import DAY, Project, Result
from tests.kit.relay import Relay

ROWS = 300
FEWER = (b"300", b"299")
REJECTED = (b"\x00\x00\x00\x010", b"\x00\x00\x00\x012")
"""Octets of an answer with a number in it, and what comes instead."""

RELOAD = ("backfill", "--from", DAY, "--to", DAY, "--reload")


def run_with_a_lie(
    project: Project, question: bytes, lie: tuple[bytes, bytes], *command: str
) -> Result:
    """Run a command to which Vertica lies once a question was asked, one time."""
    lies = []

    def alter(sent: bytes, answer: bytes) -> bytes:
        if lies or question not in sent or lie[0] not in answer:
            return answer
        lies.append(lie)
        return answer.replace(*lie)

    vertica = project.sandbox.addresses.vertica
    with Relay(vertica.host, vertica.port, alter) as relay:
        project.options["warehouse"] = {"port": str(relay.port), "tlsmode": "disable"}
        result = project.run("shardline", *command)
    del project.options["warehouse"]
    return result


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (FEWER, "Vertica took 299 rows of 300"),
        (REJECTED, "Vertica rejected 2 rows"),
    ],
)
def test_a_load_whose_copy_took_other_rows_loads_nothing(
    project: Project, lie: tuple[bytes, bytes], told: str
) -> None:
    shard = project.loadable(ROWS)
    question = b"GET_NUM_ACCEPTED_ROWS"
    result = run_with_a_lie(project, question, lie, "run", "orders", "--date", DAY)
    assert result.code == 30
    (line,) = result.told
    assert line.startswith(f"orders {DAY} {shard}: {told};")
    assert project.rows(shard) == []
    assert project.markers() == []


@pytest.mark.parametrize(
    ("question", "lie", "told"),
    [
        (b"GET_NUM_ACCEPTED_ROWS", FEWER, "Vertica took 299 rows of 300"),
        (b"GET_NUM_ACCEPTED_ROWS", REJECTED, "Vertica rejected 2 rows"),
        (b'INSERT INTO "s_', FEWER, "Vertica moved 299 rows of 300"),
    ],
)
def test_a_reload_that_brought_other_rows_leaves_the_old_ones(
    project: Project, question: bytes, lie: tuple[bytes, bytes], told: str
) -> None:
    shard = project.loadable(ROWS)
    assert project.load(DAY).code == 0
    before = project.rows(shard), project.markers()
    project.on_shard(shard, "UPDATE dbo.Orders SET type = 99 WHERE id = 5")
    result = run_with_a_lie(project, question, lie, *RELOAD)
    assert result.code == 30
    (line,) = result.told
    assert line.startswith(f"orders {DAY} {shard}: {told}")
    assert (project.rows(shard), project.markers()) == before
