"""A link that breaks at the same row each time is not tried for ever."""

from __future__ import annotations

import pytest

from tests.kit.project import DAY, Project, Result, finished
from tests.kit.relay import Relay

NOTES_DDL = (
    "CREATE TABLE dbo.Notes (id bigint NOT NULL PRIMARY KEY, at datetime2 NOT NULL,"
    " note nvarchar(max) NULL)"
)
NOTES = """
[orders]
query = "SELECT id, at, note FROM dbo.Notes"
date_column = "at"
key = "id"
target = "{schema}.orders"

[orders.columns]
id = "bigint"
at = "datetime2"
note = "nvarchar(max) null"
"""
ROWS = 40
WHOLE = "Ж".encode("utf-16-le")
HALF = b"\x3d\xd8"
"""The first half of a surrogate pair."""


@pytest.fixture
def notes(project: Project) -> Project:
    """A shard each of whose rows has a note of its own, read as tuples."""
    project.options["load"] = {"rows": "tuples"}
    project.tables = NOTES
    shard = project.add_shard("moscow", ddl=NOTES_DDL)
    values = ", ".join(
        f"({at}, '{DAY}T10:00:00', N'note {at:02} Ж')" for at in range(1, ROWS + 1)
    )
    project.on_shard(shard, f"INSERT INTO dbo.Notes VALUES {values}")
    return project


def through_relay(
    project: Project, spoiled: dict[int, int], *command: str
) -> tuple[Result, int]:
    """Run a command; how it ended, and how often the shard's rows were asked for.

    Args:
        project: Whose shard is read.
        spoiled: By the number of a read, the row whose note ends in half a pair.
        command: What to run.
    """

    def alter(sent: bytes, answer: bytes) -> bytes:
        row = spoiled.get(reads(sent), 0)
        note = f"note {row:02} ".encode("utf-16-le")
        return answer.replace(note + WHOLE, note + HALF)

    def reads(sent: bytes) -> int:
        return sent.count("WHERE q.[at] >=".encode("utf-16-le"))

    server = project.sandbox.addresses.mssql["mssql_0"]
    with Relay(server.host, server.port, alter) as relay:
        project.options["mssql_0"] = {"port": str(relay.port), "encryption": "off"}
        result = project.run("shardline", *command)
        count = reads(bytes(relay.sent))
    del project.options["mssql_0"]
    return result, count


@pytest.mark.parametrize("row", [1, 7, ROWS])
def test_text_that_ends_the_link_each_time_is_read_twice_and_named(
    notes: Project, row: int
) -> None:
    spoiled = dict.fromkeys(range(1, 10), row)
    result, reads = through_relay(notes, spoiled, "run", "orders", "--date", DAY)
    assert (result.code, reads) == (30, 2)
    (line,) = result.told
    assert line.startswith(
        f"orders {DAY} moscow: the connection to SQL Server was lost"
    )
    where = f"after the same {row - 1} rows" if row > 1 else "before the first row"
    assert where in line
    assert "surrogate pair" in line
    assert notes.outcomes() == ["failed", "failed"]
    assert notes.markers() == []
    assert notes.load(DAY).code == 0


def test_a_link_that_breaks_elsewhere_each_time_is_tried_to_the_end(
    notes: Project,
) -> None:
    command = ("run", "orders", "--date", DAY)
    result, reads = through_relay(notes, {1: 5, 2: 6}, *command)
    assert (result.code, result.err, reads) == (0, "", 3)
    assert notes.outcomes() == ["failed", "failed", "loaded"]


def test_a_link_that_is_cut_before_any_answer_is_tried_to_the_end(
    project: Project,
) -> None:
    project.loadable(3)
    process = project.start_load(paused=True)
    project.hold(process, "extract", action="kill", times=2)
    result = finished(process)
    assert (result.code, result.err) == (0, "")
    assert project.outcomes() == ["failed", "failed", "loaded"]


def test_a_comparison_does_not_read_over_the_same_place_again_and_again(
    notes: Project,
) -> None:
    assert notes.load(DAY).code == 0
    spoiled = dict.fromkeys(range(1, 10), 7)
    command = ("verify", "--from", DAY, "--to", DAY)
    result, reads = through_relay(notes, spoiled, *command)
    assert (result.code, reads) == (30, 2)
    assert "after the same 6 rows" in result.err


def test_text_that_would_end_the_link_is_refused_at_once_where_rows_are_read_fast(
    notes: Project,
) -> None:
    notes.options["load"] = {"rows": "fast"}
    command = ("run", "orders", "--date", DAY)
    result, reads = through_relay(notes, dict.fromkeys(range(1, 10), 7), *command)
    assert (result.code, reads) == (30, 1)
    (line,) = result.told
    assert line.startswith(
        f"orders {DAY} moscow: a value cannot be stored: row 6 (key 7), column 'note':"
        " U+D83D at character 8 is half a surrogate pair"
    )
    assert notes.markers() == []
    assert notes.load(DAY).code == 0
