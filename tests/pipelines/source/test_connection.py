"""How a shard is read: as one that gives way to the shop that works in it."""

from __future__ import annotations

from datetime import date

import pytest

from tests.kit.project import DAY, Project, finished
from tests.kit.relay import Relay


def test_a_session_gives_way_in_a_deadlock_and_does_not_wait_long_for_a_lock(
    project: Project,
) -> None:
    project.loadable(3)
    at = project.sandbox.addresses.mssql["mssql_0"]
    with Relay(at.host, at.port) as relay:
        project.options["mssql_0"] = {
            "port": str(relay.port),
            "encryption": "off",
            "lock_timeout": "7.5",
        }
        assert project.load(DAY).code == 0
    said = relay.sent.decode("utf-16-le", "replace") + relay.sent[1:].decode(
        "utf-16-le", "replace"
    )
    assert "SET DEADLOCK_PRIORITY LOW" in said
    assert "SET LOCK_TIMEOUT 7500" in said


def _octets(day: str) -> bytes:
    """A date as TDS has it, after the time of a datetime2."""
    return (date.fromisoformat(day).toordinal() - 1).to_bytes(3, "little")


def test_rows_of_other_days_than_asked_for_load_nothing(project: Project) -> None:
    shard = project.loadable(3)
    lie = _octets(DAY), _octets("2019-03-20")

    def alter(sent: bytes, answer: bytes) -> bytes:
        extracted = "ORDER BY".encode("utf-16-le") in sent
        return answer.replace(*lie) if extracted else answer

    at = project.sandbox.addresses.mssql["mssql_0"]
    with Relay(at.host, at.port, alter) as relay:
        project.options["mssql_0"] = {"port": str(relay.port), "encryption": "off"}
        days = ("--from", "2019-03-13", "--to", DAY)
        result = project.run("shardline", "backfill", *days)
    assert result.code == 30
    assert "a row of 2019-03-20 came after one of 2019-03-13" in result.last_line
    assert shard in result.last_line
    assert project.markers() == []


@pytest.mark.parametrize(
    ("section", "option", "step", "told"),
    [
        ("mssql_0", "timeout", "extract", "the connection to SQL Server was lost"),
        (
            "warehouse",
            "connection_timeout",
            "copy",
            "neither sent nor took a message within connection_timeout, 2 seconds",
        ),
    ],
)
def test_a_server_that_does_not_answer_is_not_waited_for_for_ever(
    project: Project, section: str, option: str, step: str, told: str
) -> None:
    shard = project.loadable(3)
    project.options["load"] = {"attempts": "1"}
    project.options[section] = {option: "2", "lock_timeout": "1"}
    process = project.start_load(paused=True)
    hold = project.hold(process, step)
    result = finished(process)
    project.sandbox.control.remove(hold)
    assert result.code == 30
    (line,) = result.told
    assert line.startswith(f"orders {DAY} {shard}: ")
    assert told in line
