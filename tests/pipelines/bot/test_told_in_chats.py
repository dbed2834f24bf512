"""What nobody is to lose, to be told of any more, or to be told twice in a chat."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from pipelines.bot import Dialogue, Message, Press, Reply
from pipelines.bot.followed_jobs import Place, due_changes, follow
from pipelines.bot.job_replies import progress_reply
from pipelines.bot.telegram.drafts import draft_of
from pipelines.config import current_settings
from pipelines.jobs import JobState, Result, SqlJobQueue, Wish
from pipelines.operations import (
    AuditFilter,
    Role,
    Section,
    find_caller,
    list_audit,
    revoke,
)
from tests.kit.operations import somebody, telegram

CHAT = "telegram:-1001"
ADMIN, OPERATOR, BORIS = 1, 2, 5


@pytest.fixture
def dialogue(engine: Engine) -> Dialogue:
    somebody(engine, "Anna", ADMIN, Role.ADMIN)
    somebody(engine, "Oleg", OPERATOR, Role.OPERATOR)
    return Dialogue(engine, current_settings)


def write(dialogue: Dialogue, text: str, number: int = ADMIN) -> Reply:
    return dialogue.reply_to(Message(telegram(number), CHAT, text))


def press(dialogue: Dialogue, data: str, number: int = ADMIN) -> Reply:
    return dialogue.reply_to(Press(telegram(number), CHAT, data))


def test_what_is_folded_is_sent_to_telegram() -> None:
    section = Section(
        "orders: 38 failed", ("days", "shards"), (("2019-03-14", "kazan"),)
    )
    draft = draft_of(Reply(("orders: 38 failed",), sections=(section,)))
    for piece in (*draft.rich, *draft.plain):
        assert "kazan" in str(piece.forms[0].content)


@pytest.mark.parametrize(
    "text",
    [
        "/jobs_list@shardline_bot\nstate=failed asker=Anna",
        "/jobs_list\nasker=big_anna state=failed",
        "/jobs_list@shardline_bot\tstate=failed",
    ],
)
def test_a_command_may_go_on_in_the_next_line(
    dialogue: Dialogue, engine: Engine, text: str
) -> None:
    write(dialogue, text)
    (wish,) = list_audit(engine, AuditFilter(verb="jobs list"), 1)
    assert "failed" in wish.arguments
    assert "big_anna" in wish.arguments or "big" not in text


def followed(engine: Engine, place: Place) -> SqlJobQueue:
    queue = SqlJobQueue(engine)
    job = queue.enqueue(Wish("run", ("run", "orders"), "key", "Oleg", "telegram"))
    with engine.begin() as connection:
        follow(connection, job.number, place)
    running = queue.claim("worker", 60, {})
    assert running
    queue.finish(running, JobState.FAILED, Result(1, log_tail="the last of the log"))
    return queue


def test_who_was_revoked_is_told_of_no_job_any_more(engine: Engine) -> None:
    somebody(engine, "Oleg", OPERATOR)
    followed(engine, Place(OPERATOR, None, OPERATOR, 10))
    with engine.begin() as connection:
        revoke(connection, "Oleg")
    assert due_changes(engine) == []


def test_nothing_of_who_was_revoked_comes_back_with_a_new_invitation(
    dialogue: Dialogue, engine: Engine
) -> None:
    somebody(engine, "Boris", BORIS, Role.ADMIN)
    asked = write(dialogue, "people revoke Oleg", BORIS)
    with engine.begin() as connection:
        revoke(connection, "Boris")
    somebody(engine, "Boris", BORIS, Role.ADMIN)
    press(dialogue, asked.buttons[0].data, BORIS)
    assert find_caller(engine, telegram(OPERATOR)).role is Role.OPERATOR


def test_a_conversation_of_who_was_revoked_does_not_come_back(
    dialogue: Dialogue, engine: Engine
) -> None:
    somebody(engine, "Boris", BORIS, Role.ADMIN)
    write(dialogue, "people role", BORIS)
    with engine.begin() as connection:
        revoke(connection, "Boris")
    somebody(engine, "Boris", BORIS, Role.ADMIN)
    assert "NAME" not in " ".join(write(dialogue, "zzz", BORIS).lines)


def test_progress_of_a_long_command_is_one_message_to_be_edited(
    engine: Engine,
) -> None:
    words = (
        "backfill",
        "orders",
        *(f"--shard=sql_server_of_city_{n}" for n in range(150)),
    )
    job = SqlJobQueue(engine).enqueue(Wish("backfill", words, "k", "Oleg", "telegram"))
    draft = draft_of(progress_reply(job))
    assert (len(draft.rich), len(draft.plain)) == (1, 1)
