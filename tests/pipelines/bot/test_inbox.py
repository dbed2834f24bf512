"""What is promised of the bot's inbox, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pipelines.bot import Dialogue, Message
from pipelines.bot.inbox import (
    InboxFigures,
    InboxFullError,
    LostUpdateError,
    accept,
    claim,
    figures,
    finish,
    renew,
    sent,
)
from pipelines.bot.updates import HeldUpdate, Update
from pipelines.config import current_settings
from pipelines.etl_db import prune, updates_table
from pipelines.operations import AuditFilter, Role, list_audit, list_people
from tests.kit.operations import somebody, telegram

LEASE = 60.0
WRITTEN = datetime(2026, 3, 14, 1, 2, 3, tzinfo=UTC)
REPLY = {"lines": ["done"]}
IDS = itertools.count(1)
KIB = 1024


def said(update_id: int = 0, chat: str = "1", **body: object) -> Update:
    return Update(update_id or next(IDS), chat, WRITTEN, "message", body)


def held(engine: sa.Engine, worker: str = "w", lease: float = LEASE) -> HeldUpdate:
    claimed = claim(engine, worker, lease)
    assert claimed is not None
    return claimed


def answer(
    engine: sa.Engine, update: HeldUpdate, reply: dict[str, Any] | None = None
) -> None:
    with engine.begin() as connection:
        finish(connection, update, reply or REPLY)


def work_off(engine: sa.Engine) -> list[int]:
    """The ids of all that can be claimed now, each answered to its end."""
    worked_off = []
    while update := claim(engine, "w", LEASE):
        answer(engine, update)
        assert sent(engine, update)
        worked_off.append(update.update.update_id)
    return worked_off


def stored(engine: sa.Engine) -> list[sa.RowMapping]:
    rows = sa.select(updates_table).order_by(updates_table.c.number)
    with engine.connect() as connection:
        return list(connection.execute(rows).mappings())


def end_earlier(engine: sa.Engine, before: timedelta) -> None:
    """Have all that is over be so for as long."""
    ended = updates_table.c.ended
    change = sa.update(updates_table).values(ended=datetime.now(UTC) - before)
    with engine.begin() as connection:
        connection.execute(change.where(ended.is_not(None)))


# --- what comes in


def test_an_update_is_claimed_as_it_came(engine: sa.Engine) -> None:
    update = Update(2**40, "-1001", WRITTEN, "callback_query", {"text": "\0 ж \ud800"})
    assert accept(engine, [update]) == 1
    claimed = held(engine, "worker 1")
    assert claimed.update == update
    assert (claimed.worker, claimed.attempt) == ("worker 1", 1)
    assert (claimed.is_answered, claimed.reply) == (False, None)


def test_what_comes_again_is_ignored_whether_it_waits_or_is_over(
    engine: sa.Engine,
) -> None:
    first, second, third = said(), said(), said()
    assert accept(engine, [first, first]) == 1
    assert accept(engine, [first, second]) == 1
    assert work_off(engine) == [first.update_id, second.update_id]
    assert accept(engine, [first, second, third]) == 1
    assert work_off(engine) == [third.update_id]


def test_of_a_batch_nothing_is_taken_when_the_database_fails(engine: sa.Engine) -> None:
    broken = replace(said(), chat=None)
    with pytest.raises(Exception, match="the inbox of the bot cannot be used"):
        accept(engine, [said(), broken])
    assert stored(engine) == []


def test_ids_that_go_down_are_answered_in_the_order_in_which_they_came(
    engine: sa.Engine,
) -> None:
    for ids in ([900, 901], [902], [7, 8], [3]):
        accept(engine, [said(update_id) for update_id in ids])
    assert work_off(engine) == [900, 901, 902, 7, 8, 3]


def test_an_id_of_what_is_over_for_more_than_two_days_is_a_new_update(
    engine: sa.Engine,
) -> None:
    update = said()
    accept(engine, [update])
    work_off(engine)
    end_earlier(engine, timedelta(hours=47))
    assert accept(engine, [update]) == 0
    end_earlier(engine, timedelta(hours=49))
    assert accept(engine, [update]) == 1
    assert work_off(engine) == [update.update_id]


def test_a_body_that_is_too_large_is_kept_as_that(engine: sa.Engine) -> None:
    frame = len(json.dumps({"text": ""}, separators=(",", ":")))
    fits, large = (said(text="x" * (64 * KIB - frame + more)) for more in (0, 1))
    assert accept(engine, [fits, large]) == 2
    claimed = held(engine)
    assert claimed.update == fits
    answer(engine, claimed)
    sent(engine, claimed)
    assert held(engine).update == replace(large, body=None)


def test_beyond_10_000_updates_nothing_of_a_batch_is_taken(engine: sa.Engine) -> None:
    known = [said() for _ in range(9_999)]
    accept(engine, known)
    with pytest.raises(InboxFullError):
        accept(engine, [said(), said()])
    assert figures(engine).waiting == 9_999
    accept(engine, [said()])
    # What is there already needs no room.
    assert accept(engine, known[:100]) == 0
    claimed = held(engine)
    answer(engine, claimed)
    with pytest.raises(InboxFullError):
        accept(engine, [said()])
    sent(engine, claimed)
    assert accept(engine, [said()]) == 1


def test_beyond_16_mib_nothing_of_a_batch_is_taken(engine: sa.Engine) -> None:
    long = {"text": "x" * (64 * KIB - 11)}
    accept(engine, [said(**long) for _ in range(256)])
    with pytest.raises(InboxFullError):
        accept(engine, [said(text="x")])
    assert figures(engine).waiting == 256
    answer(engine, held(engine))
    assert accept(engine, [said(text="x")]) == 1


def test_pollers_that_take_the_same_batch_at_once_take_it_once(
    engine: sa.Engine,
) -> None:
    updates = [said(chat=str(at % 3)) for at in range(40)]
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: accept(engine, updates), range(8)))
    assert sum(counts) == 40
    assert work_off(engine) == [update.update_id for update in updates]


def test_what_is_accepted_outlives_the_machines_power(engine: sa.Engine) -> None:
    """On SQLite a commit reaches the disk only if that is asked for."""
    if engine.dialect.name != "sqlite":
        return
    levels: list[int] = []

    @sa.event.listens_for(engine, "commit")
    def note(connection: sa.Connection) -> None:
        cursor = connection.connection.cursor()
        if connection.connection.dbapi_connection.in_transaction:
            levels.extend(cursor.execute("PRAGMA synchronous").fetchone())

    accept(engine, [said()])
    work_off(engine)
    full, *others = levels
    assert full == 2
    assert set(others) == {1}


# --- whose turn it is


def test_chats_are_answered_side_by_side_and_each_in_its_order(
    engine: sa.Engine,
) -> None:
    updates = [said(chat=chat) for chat in "aabbc"]
    accept(engine, updates)
    first = [held(engine, f"w{at}") for at in range(3)]
    assert [one.update for one in first] == [updates[0], updates[2], updates[4]]
    assert claim(engine, "w3", LEASE) is None
    answer(engine, first[1])
    # Its reply is to come before that to the next one.
    assert claim(engine, "w3", LEASE) is None
    sent(engine, first[1])
    assert held(engine).update == updates[3]


def test_workers_that_claim_at_once_get_an_update_each(engine: sa.Engine) -> None:
    accept(engine, [said(chat=str(at % 20)) for at in range(40)])
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda at: claim(engine, f"w{at}", LEASE), range(60)))
    taken = [one.update.chat for one in claims if one]
    assert sorted(taken) == sorted(map(str, range(20)))


def test_an_update_whose_lease_is_over_is_another_workers(engine: sa.Engine) -> None:
    accept(engine, [said(), said()])
    lost = held(engine, "a", lease=0)
    again = held(engine, "b")
    assert (again.number, again.attempt) == (lost.number, 2)
    assert not renew(engine, lost, LEASE)
    assert claim(engine, "c", LEASE) is None


def test_a_lease_that_is_renewed_holds_and_one_that_is_given_up_does_not(
    engine: sa.Engine,
) -> None:
    accept(engine, [said()])
    mine = held(engine, "a", lease=0)
    assert renew(engine, mine, LEASE)
    assert claim(engine, "b", LEASE) is None
    assert renew(engine, mine, 0)
    assert held(engine, "b").number == mine.number


# --- the answer


@pytest.mark.parametrize("by", ["a", "b"])
def test_who_has_lost_an_update_cannot_finish_it(engine: sa.Engine, by: str) -> None:
    accept(engine, [said()])
    lost = held(engine, "a", lease=0)
    again = held(engine, by)
    with pytest.raises(LostUpdateError), engine.begin() as connection:
        finish(connection, lost, REPLY)
    assert not sent(engine, lost)
    answer(engine, again)
    assert not sent(engine, lost)
    assert sent(engine, again)


def test_an_update_is_answered_once_only(engine: sa.Engine) -> None:
    accept(engine, [said()])
    mine = held(engine, lease=0)
    assert not sent(engine, mine)
    answer(engine, mine)
    with pytest.raises(LostUpdateError):
        answer(engine, mine)
    with pytest.raises(LostUpdateError):
        answer(engine, held(engine))
    assert stored(engine)[0]["ended"] is None


def test_an_answer_is_undone_with_its_deed(engine: sa.Engine) -> None:
    accept(engine, [said(text="x")])
    mine = held(engine, lease=0)
    with engine.connect() as connection:
        finish(connection, mine, REPLY)
        connection.rollback()
    again = held(engine)
    assert (again.is_answered, again.update) == (False, mine.update)


def test_a_reply_that_was_not_sent_is_there_to_be_sent_again(engine: sa.Engine) -> None:
    accept(engine, [said(text="x"), said()])
    lost = held(engine, "a", lease=0)
    answer(engine, lost)
    again = held(engine, "b")
    assert (again.number, again.is_answered, again.reply) == (lost.number, True, REPLY)
    assert not sent(engine, lost)
    assert sent(engine, again)
    assert not sent(engine, again)
    assert not held(engine).is_answered


def test_a_reply_that_is_too_large_is_not_there_and_its_deed_stands(
    engine: sa.Engine,
) -> None:
    accept(engine, [said(chat="1"), said(chat="2")])
    for size in (256 * KIB - 11, 256 * KIB - 10):
        answer(engine, held(engine), {"text": "x" * size})
    claims = [row["reply"] for row in stored(engine)]
    assert [claims[0] and len(claims[0]), claims[1]] == [256 * KIB, None]


def test_nothing_of_what_was_said_is_kept_when_it_is_over(engine: sa.Engine) -> None:
    accept(engine, [said(text="/start CODE")])
    mine = held(engine)
    answer(engine, mine)
    assert stored(engine)[0]["body"] is None
    sent(engine, mine)
    assert (stored(engine)[0]["body"], stored(engine)[0]["reply"]) == (None, None)


@pytest.mark.parametrize("is_lost", [False, True])
def test_what_somebody_wishes_is_done_if_the_update_is_still_ours_and_only_then(
    engine: sa.Engine, is_lost: bool
) -> None:
    somebody(engine, "Anna", 1, Role.ADMIN)
    accept(engine, [said(text="people invite Boris viewer")])
    mine = held(engine, lease=0)
    again = held(engine) if is_lost else mine
    command = Message(telegram(1), "telegram:1", "people invite Boris viewer")
    before = len(list_audit(engine, AuditFilter(), 100))

    def in_commit(connection: sa.Connection, _outcome: object) -> None:
        finish(connection, mine, REPLY)

    dialogue = Dialogue(engine, current_settings)
    if is_lost:
        with pytest.raises(LostUpdateError):
            dialogue.reply_to(command, in_commit)
    else:
        dialogue.reply_to(command, in_commit)
    names = {person.name for person in list_people(engine)}
    audited = len(list_audit(engine, AuditFilter(), 100)) - before
    assert (("Boris" in names), audited > 0) == (not is_lost, not is_lost)
    assert sent(engine, again) is not is_lost


# --- what is kept


def test_what_is_over_is_forgotten_after_two_days_and_what_waits_never(
    engine: sa.Engine,
) -> None:
    accept(engine, [said(1), said(2, chat="waits"), said(3, chat="held")])
    over = held(engine)
    answer(engine, over)
    sent(engine, over)
    answer(engine, held(engine))
    held(engine, lease=0)
    old = datetime.now(UTC) - timedelta(days=1_000)
    with engine.begin() as connection:
        connection.execute(sa.update(updates_table).values(accepted=old, written=old))
    end_earlier(engine, timedelta(hours=47))
    prune(engine, timedelta(days=400))
    assert [row["update_id"] for row in stored(engine)] == [1, 2, 3]
    end_earlier(engine, timedelta(hours=49))
    prune(engine, timedelta(days=400))
    assert [row["update_id"] for row in stored(engine)] == [2, 3]


def test_the_figures_tell_how_many_wait_and_since_when(engine: sa.Engine) -> None:
    assert figures(engine) == InboxFigures(0, 0.0)
    accept(engine, [said(), said()])
    old = datetime.now(UTC) - timedelta(hours=1)
    with engine.begin() as connection:
        first = updates_table.c.number == 1
        change = sa.update(updates_table).where(first).values(accepted=old)
        connection.execute(change)
    found = figures(engine)
    assert (found.waiting, 3_600 <= found.oldest < 3_700) == (2, True)
    answer(engine, held(engine))
    assert figures(engine).waiting == 2
    work_off(engine)


# --- how it is found


@contextmanager
def statements_of(engine: sa.Engine) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def note(
        _link: object, _cursor: object, sql: str, values: object, *_: object
    ) -> None:
        found.append((sql, values))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(engine, "before_cursor_execute", note)


def plan(engine: sa.Engine, sql: str, values: Any) -> str:  # noqa: ANN401 - a driver's
    word = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"{word} {sql}", values)
        return "\n".join(str(row) for row in found)


def fill_up(engine: sa.Engine, over: int, waiting: int) -> None:
    """Rows of updates that are over, and of some behind them that wait."""
    now = datetime.now(UTC)
    rows = [
        {
            "update_id": at,
            "chat": str(at % 50),
            "written": now,
            "kind": "message",
            "size": 0,
            "accepted": now,
            "ended": now + timedelta(milliseconds=at) if at < over else None,
        }
        for at in range(over + waiting)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(updates_table), rows)


def test_no_question_reads_what_is_over(engine: sa.Engine) -> None:
    fill_up(engine, over=100_000, waiting=500)
    with statements_of(engine) as statements:
        accept(engine, [said(10**9)])
        claimed = held(engine)
        renew(engine, claimed, LEASE)
        answer(engine, claimed)
        sent(engine, claimed)
        figures(engine)
    is_new = "INSERT INTO updates"
    asked = [one for one in statements if "updates" in one[0] and is_new not in one[0]]
    assert len(asked) == 10
    if engine.dialect.name == "sqlite":  # PostgreSQL analyzes by itself
        check_plans(engine, asked)
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE updates")
    check_plans(engine, asked)


def check_plans(engine: sa.Engine, asked: list[tuple[str, Any]]) -> None:
    for sql, values in asked:
        steps = plan(engine, sql, values)
        assert "updates_" in steps or "PRIMARY KEY" in steps, steps
        for slow in ("Seq Scan", "Sort", "SCAN", "TEMP B-TREE"):
            assert slow not in steps.replace("SCALAR", ""), steps
    turns = [plan(engine, *one) for one in asked if "earlier" in one[0]]
    assert len(turns) == 2
    for steps in turns:
        assert "updates_ended" in steps
        assert "updates_chat" in steps
        assert "updates_held" in steps


# --- whatever comes after what


class Interleavings(RuleBasedStateMachine):
    """Pollers and workers in any order, beside a list of what ought to be.

    Attributes:
        engine: Set by the test.
    """

    engine: sa.Engine

    def __init__(self) -> None:
        super().__init__()
        self.come: dict[int, str] = {}
        """The chats of all that has come, in their order."""
        self.done: list[int] = []
        self.over: set[int] = set()
        self.claims: list[HeldUpdate] = []
        self.holders: dict[int, tuple[HeldUpdate, bool]] = {}
        """Who holds an update, and whether the lease is still good."""
        self.lowest = 1_000

    @initialize()
    def empty(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.delete(updates_table))

    @rule(
        chats=st.lists(st.sampled_from("ab"), max_size=3),
        repeats=st.integers(0, 3),
        is_below=st.booleans(),
    )
    def come_in(self, chats: list[str], repeats: int, is_below: bool) -> None:
        known = list(self.come.items())[-repeats:] if repeats else []
        if is_below:
            self.lowest -= 50
            start = self.lowest
        else:
            start = max(self.come, default=self.lowest) + 1
        new = list(enumerate(chats, start))
        batch = [said(update_id, chat) for update_id, chat in known + new]
        assert accept(self.engine, batch) == len(new)
        self.come.update(new)

    @rule(worker=st.sampled_from("xy"), lease=st.sampled_from([0.0, LEASE]))
    def take(self, worker: str, lease: float) -> None:
        claimed = claim(self.engine, worker, lease)
        expected = self._whose_turn()
        assert (claimed and claimed.update.update_id) == expected
        if claimed and expected is not None:
            assert claimed.is_answered == (expected in self.done)
            self.claims.append(claimed)
            self.holders[expected] = (claimed, lease > 0)

    @precondition(lambda self: self.claims)
    @rule(at=st.integers(0, 30))
    def do(self, at: int) -> None:
        claimed = self.claims[-1 - at % len(self.claims)]
        update_id = claimed.update.update_id
        if self._is_held(claimed) and update_id not in self.done:
            answer(self.engine, claimed)
            self.done.append(update_id)
        else:
            with pytest.raises(LostUpdateError):
                answer(self.engine, claimed)

    @precondition(lambda self: self.claims)
    @rule(at=st.integers(0, 30))
    def send(self, at: int) -> None:
        claimed = self.claims[-1 - at % len(self.claims)]
        update_id = claimed.update.update_id
        is_ours = self._is_held(claimed) and update_id in self.done
        assert sent(self.engine, claimed) is is_ours
        if is_ours:
            self.over.add(update_id)

    @precondition(lambda self: self.claims)
    @rule(at=st.integers(0, 30), lease=st.sampled_from([0.0, LEASE]))
    def hold_on(self, at: int, lease: float) -> None:
        claimed = self.claims[-1 - at % len(self.claims)]
        assert renew(self.engine, claimed, lease) is self._is_held(claimed)
        if self._is_held(claimed):
            self.holders[claimed.update.update_id] = (claimed, lease > 0)

    @invariant()
    def each_chat_is_answered_in_its_order(self) -> None:
        for chat in "ab":
            came = [one for one in self.come if self.come[one] == chat]
            done = [one for one in self.done if self.come[one] == chat]
            assert done == came[: len(done)]

    @invariant()
    def what_waits_is_counted(self) -> None:
        assert figures(self.engine).waiting == len(self.come) - len(self.over)

    def _is_held(self, claimed: HeldUpdate) -> bool:
        update_id = claimed.update.update_id
        is_over = update_id in self.over
        return not is_over and self.holders[update_id][0] is claimed

    def _whose_turn(self) -> int | None:
        chats: set[str] = set()
        for update_id, chat in self.come.items():
            if update_id in self.over or chat in chats:
                continue
            chats.add(chat)
            _, is_good = self.holders.get(update_id, (None, False))
            if not is_good:
                return update_id
        return None


def test_the_promises_hold_in_any_order_of_what_happens(engine: sa.Engine) -> None:
    class OfThisDatabase(Interleavings):
        pass

    OfThisDatabase.engine = engine
    run_state_machine_as_test(
        OfThisDatabase, settings=settings(max_examples=40, stateful_step_count=25)
    )
