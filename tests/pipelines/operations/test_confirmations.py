"""A plan is confirmed by whom it was shown to, there, once, in time, and as it was."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select, update

from pipelines.etl_db import as_utc, confirmations_table, etl_engine
from pipelines.operations import (
    Agreement,
    Asked,
    Caller,
    ask,
    asked,
    confirm,
    digest_of,
)
from tests.kit.operations import CHAT, somebody

WHAT = Asked("clear", '{"tables": ["orders"], "day": "2019-03-14"}')
PLAN = digest_of("orders 2019-03-14: 3 markers and 5 rows")


def question(
    engine: Engine, caller: Caller, place: str, what: Asked, digest: str
) -> str:
    with engine.begin() as connection:
        return ask(connection, caller, place, what, digest)


def answer(
    engine: Engine, number: str, caller: Caller, place: str, digest: str
) -> Agreement:
    with engine.begin() as connection:
        return confirm(connection, number, caller, place, digest)


@pytest.fixture
def anna(engine: Engine) -> Caller:
    return somebody(engine, "Anna", 5)


def test_who_was_asked_confirms_once(engine: Engine, anna: Caller) -> None:
    number = question(engine, anna, CHAT, WHAT, PLAN)
    assert len(number) == 12
    assert asked(engine, number, anna, CHAT) == WHAT
    assert answer(engine, number, anna, CHAT, PLAN) is Agreement.CONFIRMED
    assert answer(engine, number, anna, CHAT, PLAN) is Agreement.REFUSED
    assert asked(engine, number, anna, CHAT) is None


def test_another_person_does_not_confirm_nor_use_it_up(
    engine: Engine, anna: Caller
) -> None:
    number = question(engine, anna, CHAT, WHAT, PLAN)
    boris = somebody(engine, "Boris", 6)
    assert asked(engine, number, boris, CHAT) is None
    assert answer(engine, number, boris, CHAT, PLAN) is Agreement.REFUSED
    assert answer(engine, number, anna, CHAT, PLAN) is Agreement.CONFIRMED


def test_another_place_does_not_confirm(engine: Engine, anna: Caller) -> None:
    number = question(engine, anna, CHAT, WHAT, PLAN)
    assert answer(engine, number, anna, "chat:5", PLAN) is Agreement.REFUSED


def test_after_two_minutes_it_is_too_late(engine: Engine, anna: Caller) -> None:
    number = question(engine, anna, CHAT, WHAT, PLAN)
    with engine.begin() as connection:
        query = select(confirmations_table.c.expires)
        until = connection.scalars(query).one()
        left = as_utc(until) - datetime.now(UTC)
        assert timedelta(seconds=90) < left <= timedelta(minutes=2)
        connection.execute(
            update(confirmations_table).values(expires=until - timedelta(minutes=2))
        )
    assert asked(engine, number, anna, CHAT) is None
    assert answer(engine, number, anna, CHAT, PLAN) is Agreement.REFUSED


def test_a_plan_that_has_changed_is_not_confirmed_nor_later_the_old_one(
    engine: Engine, anna: Caller
) -> None:
    number = question(engine, anna, CHAT, WHAT, PLAN)
    other = digest_of("orders 2019-03-14: 150 markers and 5,000,000 rows")
    assert answer(engine, number, anna, CHAT, other) is Agreement.PLAN_CHANGED
    assert answer(engine, number, anna, CHAT, PLAN) is Agreement.REFUSED


@pytest.mark.parametrize("number", ["", "A" * 12, "' OR 1=1 --", "x" * 1000])
def test_what_was_never_asked_is_refused(
    engine: Engine, anna: Caller, number: str
) -> None:
    question(engine, anna, CHAT, WHAT, PLAN)
    assert answer(engine, number, anna, CHAT, PLAN) is Agreement.REFUSED


def test_of_many_answers_at_once_one_counts(
    engine: Engine, anna: Caller, etl_database: str
) -> None:
    number = question(engine, anna, CHAT, WHAT, PLAN)
    context = multiprocessing.get_context("fork")
    together, answers = context.Barrier(4), context.SimpleQueue()

    def press() -> None:
        own = etl_engine(SecretStr(etl_database))
        together.wait(60)
        answers.put(answer(own, number, anna, CHAT, PLAN).value)

    children = [context.Process(target=press) for _ in range(4)]
    for child in children:
        child.start()
    told = sorted(answers.get() for _ in children)
    for child in children:
        child.join(60)
    assert told == ["confirmed", "refused", "refused", "refused"]
