"""What is missing of a wish is asked for, and the answer is never taken for else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipelines.bot import Dialogue, Message, Press, Reply
from pipelines.config import current_settings
from pipelines.etl_db import conversations_table, prune
from pipelines.jobs import JobState, Wish
from pipelines.operations import (
    AuditFilter,
    Role,
    UndoneError,
    audited_queue,
    change_role,
    list_audit,
    list_people,
)
from tests.kit.operations import somebody, telegram

CHAT, OTHER_CHAT = "telegram:-1001", "telegram:-1002"
ADMIN, OPERATOR, VIEWER = 1, 2, 3
FOR_A_DAY = "for a day"


@pytest.fixture
def dialogue(engine: Engine) -> Dialogue:
    somebody(engine, "Anna", ADMIN, Role.ADMIN)
    somebody(engine, "Oleg", OPERATOR, Role.OPERATOR)
    somebody(engine, "Vera", VIEWER, Role.VIEWER)
    return Dialogue(engine, current_settings)


def write(
    dialogue: Dialogue, text: str, number: int = ADMIN, place: str = CHAT
) -> Reply:
    return dialogue.reply_to(Message(telegram(number), place, text))


def press(
    dialogue: Dialogue, data: str, number: int = ADMIN, place: str = CHAT
) -> Reply:
    return dialogue.reply_to(Press(telegram(number), place, data))


def button(reply: Reply, label: str) -> str:
    """What the button stands for that says this."""
    (data,) = (one.data for one in reply.buttons if one.label == label)
    return data


def labels(reply: Reply) -> list[str]:
    return [one.label for one in reply.buttons]


def wished(engine: Engine) -> list[str]:
    """What the audit has, newest first."""
    found = list_audit(engine, AuditFilter(), 10)
    return [f"{one.verb} {one.arguments}".strip() for one in found]


def roles(engine: Engine) -> dict[str, str]:
    return {one.name: one.role.value for one in list_people(engine)}


def waiting(engine: Engine) -> int:
    with engine.connect() as connection:
        count = sa.select(sa.func.count()).select_from(conversations_table)
        return connection.scalar(count) or 0


def age(engine: Engine, by: timedelta) -> None:
    """Have what was asked be older."""
    rows = conversations_table.c
    with engine.begin() as connection:
        for until, question in connection.execute(sa.select(rows.expires, rows.id)):
            older = sa.update(conversations_table).where(rows.id == question)
            connection.execute(older.values(expires=until - by))


def queued(engine: Engine, verb: str = "run") -> int:
    told = {"tables": ["orders", "calls"], "days": "2019-03-14"}
    wish = Wish(verb, (verb, "orders"), verb, "anna", "test", told)
    return audited_queue(engine).enqueue(wish).number


def test_one_argument_after_the_other_is_asked_for(
    dialogue: Dialogue, engine: Engine
) -> None:
    asked = write(dialogue, "/people_role")
    assert asked.lines[0] == "people role: which NAME? Whose role."
    assert labels(asked) == ["Anna", "Oleg", "Vera", "Never mind"]
    asked = write(dialogue, "Vera")
    assert asked.lines[0].startswith("people role Vera: which ROLE? What NAME is to")
    assert labels(asked) == [*Role, "Never mind"]
    assert write(dialogue, "operator").lines == ("Vera is operator now",)
    assert roles(engine)["Vera"] == "operator"
    assert waiting(engine) == 0
    assert wished(engine)[0] == "people role Vera operator"


def test_buttons_do_the_same_each_in_place_of_the_question(
    dialogue: Dialogue, engine: Engine
) -> None:
    asked = write(dialogue, "people role")
    assert not asked.replaces
    asked = press(dialogue, button(asked, "Vera"))
    assert asked.replaces
    told = press(dialogue, button(asked, "analyst"))
    assert (told.lines, told.replaces) == (("Vera is analyst now",), True)
    assert max(len(one.data.encode()) for one in asked.buttons) <= 64
    assert roles(engine)["Vera"] == "analyst"


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("people role", ["Vera analyst"]),
        ("people role Vera", ["analyst"]),
        ("people role analyst", ["analyst"]),
        ("people role Vera bossy", ["boss", "role=analyst"]),
        ("people role role=boss", ["analyst", "Vera"]),
        ("people role", ["  'Vera' ", '"analyst"']),
    ],
)
def test_an_answer_may_say_more_or_be_wrong_at_first(
    dialogue: Dialogue, engine: Engine, text: str, answers: list[str]
) -> None:
    if text == "people role analyst":  # is a name, since that is what comes first
        somebody(engine, "analyst", 4, Role.VIEWER)
        answers = ["analyst"]
    elif text == "people role Vera bossy":
        assert "'bossy' has no meaning here" in write(dialogue, text).lines[0]
        text = "people role Vera role=bossy"
    assert write(dialogue, text).buttons
    *before, last = answers
    for answer in before:
        assert write(dialogue, answer).buttons
    assert "is analyst now" in write(dialogue, last).lines[0]


def test_what_is_wrong_is_told_and_asked_for_again(dialogue: Dialogue) -> None:
    asked = write(dialogue, "people role Vera role=boss")
    assert asked.lines[0].startswith("role: it is none of 'viewer'")
    assert asked.lines[1].startswith("people role Vera: which ROLE?")
    for answer in ("chief", "'", "of all of it"):
        asked = write(dialogue, answer)
        assert asked.lines[1].startswith("people role Vera: which ROLE?"), answer
    assert write(dialogue, "viewer").lines == ("Vera is viewer now",)


@pytest.mark.parametrize("day", ["14.03.2019", "3/14/19", "2019-02-30", "2019-3-1"])
def test_what_is_meant_for_a_day_is_never_a_name(dialogue: Dialogue, day: str) -> None:
    asked = write(dialogue, f"run orders {day}")
    assert asked.lines[0] == f"days: '{day}' is no day such as 2019-03-14"
    assert asked.lines[1].startswith("run orders: which DAYS?")


def test_a_name_of_two_words_is_one_answer(dialogue: Dialogue) -> None:
    write(dialogue, "/people_invite")
    write(dialogue, "Ivan Petrov")
    told = write(dialogue, "viewer")
    assert told.lines[0].startswith("Ivan Petrov is invited as viewer")
    assert told.is_private


def test_what_was_asked_outlives_the_process(
    dialogue: Dialogue, engine: Engine
) -> None:
    asked = write(dialogue, "people role Vera")
    again = Dialogue(engine, current_settings)
    assert press(again, button(asked, "operator")).lines == ("Vera is operator now",)


def test_yesterday_is_the_day_that_it_was_when_it_was_said(
    dialogue: Dialogue, engine: Engine
) -> None:
    write(dialogue, "run yesterday")
    day = datetime.now().astimezone().date() - timedelta(days=1)
    with engine.connect() as connection:
        (given,) = connection.scalars(sa.select(conversations_table.c.given))
    assert given == f'{{"days": "{day}"}}'


def test_days_are_offered_as_dates(dialogue: Dialogue) -> None:
    asked = write(dialogue, "/run orders")
    day = datetime.now().astimezone().date() - timedelta(days=1)
    assert asked.lines[0].startswith("run orders: which DAYS?")
    assert labels(asked) == [f"yesterday, {day}", "the last 7 days", "Never mind"]


def test_jobs_that_can_be_cancelled_are_offered(
    dialogue: Dialogue, engine: Engine
) -> None:
    kept, other = queued(engine), queued(engine, "verify")
    write(dialogue, f"jobs cancel {other}")
    asked = write(dialogue, "/jobs_cancel")
    assert labels(asked) == [f"#{kept} run orders calls 2019-03-14", "Never mind"]
    assert labels(write(dialogue, "/jobs_retry")) == [
        f"#{other} verify orders calls 2019-03-14",
        "Never mind",
    ]
    write(dialogue, "jobs cancel")
    assert write(dialogue, "/jobs_cancel").buttons
    write(dialogue, f"#{kept}")
    assert audited_queue(engine).show(kept).state is JobState.CANCELLED


def test_after_ten_minutes_it_is_over_and_said_so_once(
    dialogue: Dialogue, engine: Engine
) -> None:
    asked = write(dialogue, "people role Vera")
    age(engine, timedelta(minutes=9, seconds=50))
    assert write(dialogue, "boss").buttons
    asked = write(dialogue, "chief")
    age(engine, timedelta(minutes=10))
    late = press(dialogue, button(asked, "admin"))
    assert late.lines[0].startswith("Too late: `people role` has waited")
    assert roles(engine)["Vera"] == "viewer"
    assert press(dialogue, late.buttons[0].data).lines[0] == (
        "people role: which NAME? Whose role."
    )


@pytest.mark.parametrize("text", ["people list", "help", "Oleg"])
def test_a_late_answer_is_not_taken_for_a_wish(
    dialogue: Dialogue, engine: Engine, text: str
) -> None:
    write(dialogue, "people role")
    age(engine, timedelta(minutes=10))
    assert write(dialogue, text).lines[0].startswith("Too late: `people role`")
    assert "Too late" not in str(write(dialogue, text))


def test_a_day_later_it_is_forgotten(dialogue: Dialogue, engine: Engine) -> None:
    write(dialogue, "people role")
    age(engine, timedelta(days=1, minutes=11))
    assert len(write(dialogue, "people list").rows) == 3
    prune(engine, timedelta(days=400))
    assert waiting(engine) == 0


def test_an_answer_in_time_is_no_wish_either(
    dialogue: Dialogue, engine: Engine
) -> None:
    write(dialogue, "/people_invite")
    assert (
        write(dialogue, "people list")
        .lines[0]
        .startswith("people invite people list: which ROLE?")
    )
    assert "people list" not in wished(engine)


@pytest.mark.parametrize("end", ["/cancel", "/cancel@shardline_bot", "button"])
def test_it_can_be_ended(dialogue: Dialogue, engine: Engine, end: str) -> None:
    asked = write(dialogue, "/people_role")
    if end == "button":
        told = press(dialogue, button(asked, "Never mind"))
        assert told.replaces
    else:
        told = write(dialogue, end)
    assert told.lines == ("Left as it is.",)
    assert waiting(engine) == 0
    assert len(write(dialogue, "people list").rows) == 3


def test_without_a_conversation_cancel_is_the_verb(dialogue: Dialogue) -> None:
    assert write(dialogue, "/cancel").lines[0].startswith("jobs cancel: which NUMBER?")
    assert write(dialogue, "/cancel").lines == ("Left as it is.",)


@pytest.mark.parametrize("text", ["/people_list", "/people", "  /people list"])
def test_a_command_ends_it_and_is_carried_out(
    dialogue: Dialogue, engine: Engine, text: str
) -> None:
    write(dialogue, "/people_role")
    assert len(write(dialogue, text).rows) == 3
    assert waiting(engine) == 0


def test_a_command_that_fails_ends_it_too(dialogue: Dialogue, engine: Engine) -> None:
    write(dialogue, "/people_role")
    assert write(dialogue, "/dance").lines[0].startswith("'dance' is no verb")
    assert write(dialogue, "Vera").lines[0].startswith("'Vera' is no verb")
    write(dialogue, "/people_role")
    write(dialogue, "Nobody")
    assert write(dialogue, "viewer").lines[0].startswith("there is no 'Nobody'")
    assert waiting(engine) == 0


def test_another_button_leaves_it_open(dialogue: Dialogue, engine: Engine) -> None:
    number = queued(engine)
    write(dialogue, "people role Vera")
    press(dialogue, f"wish:jobs show {number}")
    assert write(dialogue, "operator").lines == ("Vera is operator now",)


def test_a_button_that_says_too_little_asks_too(dialogue: Dialogue) -> None:
    assert (
        press(dialogue, "wish:people role Vera")
        .lines[0]
        .startswith("people role Vera: which ROLE?")
    )


def test_a_question_is_theirs_who_were_asked_where_they_were(
    dialogue: Dialogue, engine: Engine
) -> None:
    asked = write(dialogue, "people role Vera")
    for data in (button(asked, "admin"), button(asked, "Never mind")):
        for number, place in ((VIEWER, CHAT), (OPERATOR, CHAT), (ADMIN, OTHER_CHAT)):
            (line,) = press(dialogue, data, number, place).lines
            assert line.startswith("somebody else was asked this")
    refusals = list_audit(engine, AuditFilter(refused=True), 10)
    assert [one.verb for one in refusals] == ["end"] * 3 + ["answer"] * 3
    assert write(dialogue, "jobs", OPERATOR).lines == ("There is nothing to tell.",)
    assert write(dialogue, "jobs", ADMIN, OTHER_CHAT).lines == (
        "There is nothing to tell.",
    )
    assert roles(engine)["Vera"] == "viewer"
    assert write(dialogue, "operator").lines == ("Vera is operator now",)


def test_a_button_of_the_question_before_answers_nothing(
    dialogue: Dialogue, engine: Engine
) -> None:
    first = write(dialogue, "people role")
    write(dialogue, "Oleg")
    told = press(dialogue, button(first, "Vera"))
    assert told.lines[0].startswith("This button stands for nothing any more")
    assert write(dialogue, "viewer").lines == ("Oleg is viewer now",)
    assert roles(engine)["Vera"] == "viewer"


@pytest.mark.parametrize("data", ["answer:", "answer:x:0", "end:", "end:x", "answer:x"])
def test_a_button_of_no_question_does_nothing(dialogue: Dialogue, data: str) -> None:
    assert press(dialogue, data).lines[0].startswith("This button stands for nothing")


@pytest.mark.parametrize("number", ["9", "-1", "", "x", "0:1", "\0"])
def test_a_choice_that_was_not_offered_is_none(dialogue: Dialogue, number: str) -> None:
    asked = write(dialogue, "people role Vera")
    question = asked.buttons[0].data.split(":")[1]
    told = press(dialogue, f"answer:{question}:{number}")
    assert told.lines[0].startswith("This button stands for nothing")
    assert write(dialogue, "operator").lines == ("Vera is operator now",)


def test_who_may_not_is_asked_nothing(dialogue: Dialogue, engine: Engine) -> None:
    (line,) = write(dialogue, "/people_role", OPERATOR).lines
    assert line.startswith("an operator may not people role")
    assert waiting(engine) == 0


def test_a_role_that_was_lost_meanwhile_counts(
    dialogue: Dialogue, engine: Engine
) -> None:
    write(dialogue, "/jobs_cancel", OPERATOR)
    with engine.begin() as connection:
        change_role(connection, "Oleg", Role.VIEWER)
    number = queued(engine)
    (line,) = write(dialogue, str(number), OPERATOR).lines
    assert line.startswith("a viewer may not jobs cancel")
    assert audited_queue(engine).show(number).state is JobState.QUEUED
    assert waiting(engine) == 0


def test_two_wrong_arguments_are_told_by_the_usage(
    dialogue: Dialogue, engine: Engine
) -> None:
    (line,) = write(dialogue, "people invite Gleb role=boss hours=1000").lines
    assert "write: people invite NAME ROLE [hours=N]" in line
    assert waiting(engine) == 0


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("people role Vera", None),
        ("people role Vera", "operator"),
        ("people role Vera", "boss"),
        ("people role Vera", "/cancel"),
        ("people role Vera", "/people_list"),
    ],
)
def test_all_of_a_turn_is_one_commit(
    dialogue: Dialogue, engine: Engine, first: str, then: str | None
) -> None:
    seen: list[Reply] = []

    def fail(_connection: Connection, reply: Reply) -> None:
        seen.append(reply)
        raise UndoneError("the update is another worker's")

    def state() -> object:
        with engine.connect() as connection:
            rows = connection.execute(sa.select(conversations_table)).all()
        return rows, roles(engine), wished(engine)

    if then is not None:
        write(dialogue, first)
    before = state()
    with pytest.raises(UndoneError):
        dialogue.reply_to(Message(telegram(ADMIN), CHAT, then or first), fail)
    assert state() == before
    kept: list[Reply] = []
    told = dialogue.reply_to(
        Message(telegram(ADMIN), CHAT, then or first), lambda _, one: kept.append(one)
    )
    assert len(kept) == len(seen) == 1
    assert kept == [told]


def test_what_another_version_has_asked_is_too_late(
    dialogue: Dialogue, engine: Engine
) -> None:
    changes: list[Callable[[], sa.Update]] = [
        lambda: sa.update(conversations_table).values(verb="dance"),
        lambda: sa.update(conversations_table).values(wanted="colour"),
        lambda: sa.update(conversations_table).values(given='{"colour": "red"}'),
    ]
    for change in changes:
        write(dialogue, "people role Vera")
        with engine.begin() as connection:
            connection.execute(change())
        assert write(dialogue, "admin").lines[0].startswith("Too late")
    assert roles(engine)["Vera"] == "viewer"


def test_old_questions_go_and_new_ones_stay(dialogue: Dialogue, engine: Engine) -> None:
    write(dialogue, "people role")
    age(engine, timedelta(days=2))
    write(dialogue, "people role", ADMIN, OTHER_CHAT)
    prune(engine, timedelta(days=400))
    with engine.connect() as connection:
        places = connection.scalars(sa.select(conversations_table.c.place)).all()
        until = connection.scalars(sa.select(conversations_table.c.expires)).one()
    assert places == [OTHER_CHAT]
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    assert until > datetime.now(UTC) + timedelta(minutes=9)
