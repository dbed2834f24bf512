"""Holds catch the statements they name, and what they hold does as it is told."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from sandbox.errors import SqlError
from sandbox.holds import Action, ConnectionKilled, Failure, Holds, Rule, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE = 10.0


@dataclass(frozen=True)
class Client:
    server: str = "mssql_0"
    database: str = "abakan"
    client_pid: int = 11


class Threads:
    """Runs guarded statements as servers do, each in a thread of its own."""

    def __init__(self, holds: Holds) -> None:
        self._holds = holds
        self._pool = ThreadPoolExecutor(8)
        self.effects: list[str] = []

    def run(self, statement: str, client: Client | None = None) -> Future[str]:
        return self._pool.submit(self._run, statement, client or Client())

    def _run(self, statement: str, client: Client) -> str:
        with self._holds.guard(client, statement):
            if statement == "broken":
                raise SqlError("broken", number=102)
            self.effects.append(statement)
        return "replied"

    def close(self) -> None:
        self._holds.close()
        self._pool.shutdown()


@pytest.fixture
def holds() -> Holds:
    return Holds()


@pytest.fixture
def threads(holds: Holds) -> Iterator[Threads]:
    running = Threads(holds)
    yield running
    running.close()


def test_a_statement_held_before_has_no_effect_until_released(
    holds: Holds, threads: Threads
) -> None:
    hold = holds.add(Rule("commit"))
    reply = threads.run("COMMIT")
    holds.wait(hold, timeout=DEADLINE)
    assert threads.effects == []
    assert holds.release(hold=hold) == 1
    assert reply.result(DEADLINE) == "replied"
    assert threads.effects == ["COMMIT"]


def test_a_statement_held_after_has_its_effect_but_no_reply(
    holds: Holds, threads: Threads
) -> None:
    hold = holds.add(Rule("COMMIT", when="after"))
    reply = threads.run("COMMIT")
    holds.wait(hold, timeout=DEADLINE)
    assert threads.effects == ["COMMIT"]
    assert not reply.done()
    holds.release(hold=hold)
    assert reply.result(DEADLINE) == "replied"


def test_a_connection_killed_before_has_no_effect(
    holds: Holds, threads: Threads
) -> None:
    hold = holds.add(Rule("COMMIT"))
    reply = threads.run("COMMIT")
    holds.wait(hold, timeout=DEADLINE)
    holds.release("kill", hold=hold)
    with pytest.raises(ConnectionKilled):
        reply.result(DEADLINE)
    assert threads.effects == []


def test_a_connection_killed_after_has_had_its_effect(
    holds: Holds, threads: Threads
) -> None:
    holds.add(Rule("COMMIT", when="after", action="kill"))
    with pytest.raises(ConnectionKilled):
        threads.run("COMMIT").result(DEADLINE)
    assert threads.effects == ["COMMIT"]


@pytest.mark.parametrize("action", ["fail", "hold"])
def test_a_failed_statement_gets_the_error_of_the_hold(
    holds: Holds, threads: Threads, action: Action
) -> None:
    failure = Failure("Deadlock.", number=1205, sqlstate="40001", rollback=True)
    hold = holds.add(Rule("insert", action=action, failure=failure))
    reply = threads.run("INSERT INTO t VALUES (1)")
    holds.wait(hold, timeout=DEADLINE)
    holds.release("fail")
    with pytest.raises(SqlError) as caught:
        reply.result(DEADLINE)
    error = caught.value
    assert (error.number, error.sqlstate, error.rollback) == (1205, "40001", True)
    assert threads.effects == []


def test_the_failure_may_be_chosen_at_the_release(
    holds: Holds, threads: Threads
) -> None:
    hold = holds.add(Rule("insert"))
    reply = threads.run("INSERT INTO t VALUES (1)")
    holds.wait(hold, timeout=DEADLINE)
    holds.release("fail", hold=hold, failure=Failure("Locked.", sqlstate="55V03"))
    with pytest.raises(SqlError) as caught:
        reply.result(DEADLINE)
    assert caught.value.sqlstate == "55V03"


def test_a_statement_that_failed_by_itself_is_not_caught_after(
    holds: Holds, threads: Threads
) -> None:
    holds.add(Rule("broken", when="after", action="kill"))
    with pytest.raises(SqlError):
        threads.run("broken").result(DEADLINE)


def test_skip_and_times_choose_among_the_matches(
    holds: Holds, threads: Threads
) -> None:
    failure = Failure("no")
    holds.add(Rule("^x", action="fail", skip=2, times=2, failure=failure))
    passed = [threads.run("x").exception(DEADLINE) is None for _ in range(6)]
    assert passed == [True, True, False, False, True, True]


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        (Rule("x", server="mssql_*"), Client(server="vertica")),
        (Rule("x", database="ABAKAN"), Client(database="achinsk")),
        (Rule("x", client_pid=11), Client(client_pid=12)),
    ],
)
def test_only_the_connections_described_are_caught(
    holds: Holds, threads: Threads, rule: Rule, other: Client
) -> None:
    hold = holds.add(rule)
    assert threads.run("x", other).result(DEADLINE) == "replied"
    threads.run("x", Client())
    (caught,) = holds.wait(hold, timeout=DEADLINE)
    assert (caught.server, caught.database, caught.client_pid) == (
        "mssql_0",
        "abakan",
        11,
    )


def test_the_expression_sees_all_lines_and_ignores_case(
    holds: Holds, threads: Threads
) -> None:
    hold = holds.add(Rule(r'^copy\s.*"orders".*no commit'))
    threads.run('COPY\n"s"."ORDERS" FROM STDIN\nNO COMMIT')
    assert len(holds.wait(hold, timeout=DEADLINE)) == 1


def test_one_of_two_held_connections_can_be_released(
    holds: Holds, threads: Threads
) -> None:
    hold = holds.add(Rule("COPY", when="after", times=2))
    replies = {pid: threads.run("COPY", Client(client_pid=pid)) for pid in (1, 2)}
    caught = {c.client_pid: c for c in holds.wait(hold, count=2, timeout=DEADLINE)}
    holds.release(caught=caught[2].id)
    assert replies[2].result(DEADLINE) == "replied"
    assert [one.client_pid for one in holds.held()] == [1]
    assert not replies[1].done()


def test_removing_a_hold_lets_its_connections_go(
    holds: Holds, threads: Threads
) -> None:
    hold = holds.add(Rule("x"))
    reply = threads.run("x")
    holds.wait(hold, timeout=DEADLINE)
    holds.remove(hold)
    assert reply.result(DEADLINE) == "replied"
    assert holds.rules() == {}


def test_closing_kills_what_is_held_and_refuses_new_holds(
    holds: Holds, threads: Threads
) -> None:
    hold = holds.add(Rule("x"))
    reply = threads.run("x")
    holds.wait(hold, timeout=DEADLINE)
    holds.close()
    with pytest.raises(ConnectionKilled):
        reply.result(DEADLINE)
    with pytest.raises(RuntimeError, match="stopping"):
        holds.add(Rule("x"))


def test_waiting_ends_at_its_deadline_and_tells_what_was_seen(holds: Holds) -> None:
    hold = holds.add(Rule("COMMIT"))
    with pytest.raises(TimeoutError, match="'COMMIT' caught 0 of 1"):
        holds.wait(hold, timeout=0.01)


def test_waiting_for_a_hold_that_is_removed_ends(holds: Holds) -> None:
    hold = holds.add(Rule("COMMIT"))
    removed = threading.Timer(0.05, holds.remove, [hold])
    removed.start()
    with pytest.raises(KeyError, match="no hold"):
        holds.wait(hold, timeout=DEADLINE)
    removed.join()


@pytest.mark.parametrize("verdict", ["go", "kill"])
def test_unknown_ids_are_refused(holds: Holds, verdict: Verdict) -> None:
    with pytest.raises(KeyError, match="no hold"):
        holds.release(verdict, hold=5)
    with pytest.raises(KeyError, match="no connection"):
        holds.release(verdict, caught=5)


@pytest.mark.parametrize(
    "fields",
    [
        {"statement": "("},
        {"statement": "x", "when": "during"},
        {"statement": "x", "action": "stall"},
        {"statement": "x", "when": "after", "action": "fail"},
        {"statement": "x", "skip": -1},
        {"statement": "x", "times": 0},
    ],
)
def test_a_rule_that_could_never_work_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Rule(**fields)  # type: ignore[arg-type]


def test_what_was_held_after_its_effect_cannot_fail(
    holds: Holds, threads: Threads
) -> None:
    hold = holds.add(Rule("x", when="after"))
    threads.run("x")
    holds.wait(hold, timeout=DEADLINE)
    with pytest.raises(ValueError, match="succeeded"):
        holds.release("fail", hold=hold)


def test_statements_are_logged_only_while_the_log_is_on(
    holds: Holds, threads: Threads
) -> None:
    threads.run("one").result(DEADLINE)
    holds.log.start()
    threads.run("two").result(DEADLINE)
    holds.log.stop()
    threads.run("three").result(DEADLINE)
    assert [one.text for one in holds.log.read()] == ["two"]
    assert holds.log.read()[0].client_pid == 11
