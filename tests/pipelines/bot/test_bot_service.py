"""The bot as a process: whatever Telegram does, it answers, waits, ends in order."""

from __future__ import annotations

import signal

import pytest

from pipelines.bot import texts
from pipelines.bot.inbox import figures
from tests.kit.chats import (
    ADMIN,
    GROUP,
    LONGEST_WAIT,
    OPERATOR,
    VIEWER,
    Chats,
    text_of,
)
from tests.kit.commands import wait_for


def test_it_answers_in_private_in_groups_and_in_topics(chats: Chats) -> None:
    chats.telegram.add_topic(GROUP, 7)
    with chats.bot():
        assert "nothing to tell" in chats.ask("/jobs").lower()
        assert "nothing to tell" in chats.ask("/jobs@Sandbox_Bot", chat=GROUP).lower()
        assert "nothing to tell" in chats.ask("/jobs", chat=GROUP, thread=7).lower()
    assert [one.thread for one in chats.answers(GROUP)] == [0, 7]


def test_a_question_is_answered_by_its_button(chats: Chats) -> None:
    with chats.bot():
        asked = chats.ask("/people_revoke Vera", ADMIN)
        assert texts.SHALL_I in asked
        told = chats.press(texts.AGREE, ADMIN)
        assert "Vera" in text_of(told)
        assert not told.keyboard


def test_each_chat_is_answered_in_its_order(chats: Chats) -> None:
    chats.telegram.set_pace(100)
    for at in range(1, 10):
        for user in (ADMIN, OPERATOR):
            chats.say(f"/jobs_show {at}", user)
    with chats.bot():
        for user in (ADMIN, OPERATOR):
            chats.telegram.wait(lambda user=user: len(chats.answers(user)) == 9)
    for user in (ADMIN, OPERATOR):
        told = [text_of(one) for one in chats.answers(user)]
        assert [f"job {at}" in one for at, one in enumerate(told, 1)] == [True] * 9


def test_told_to_end_it_leaves_the_rest_for_the_next_one(chats: Chats) -> None:
    with chats.bot():
        chats.telegram.slow(1.0, method="sendMessage", times=2)
        chats.telegram.slow(1.0, method="sendRichMessage", times=2)
        for at in range(1, 4):
            chats.say(f"/jobs_show {at}")
        chats.next_answer(OPERATOR, 0)
    waiting = figures(chats.engine).waiting
    assert len(chats.answers(OPERATOR)) + waiting == 3
    with chats.bot():
        chats.telegram.wait(lambda: len(chats.answers(OPERATOR)) == 3)
    told = [text_of(one) for one in chats.answers(OPERATOR)]
    assert [f"job {at}" in one for at, one in enumerate(told, 1)] == [True] * 3


def test_one_bot_is_at_work_and_another_takes_over_from_one_that_died(
    chats: Chats,
) -> None:
    first = chats.start()
    wait_for(first, "answers")
    second = chats.start()
    wait_for(second, "another bot is at work")
    assert chats.ask("/jobs")
    first.send_signal(signal.SIGKILL)
    first.communicate(LONGEST_WAIT)
    assert chats.ask("/jobs")
    second.terminate()
    second.communicate(LONGEST_WAIT)
    assert second.returncode == 143


def test_a_server_that_was_away_gets_each_answer_once(chats: Chats) -> None:
    with chats.bot() as bot:
        chats.ask("/jobs")
        chats.say("/jobs_show 1")
        chats.next_answer(OPERATOR, 1)
        chats.telegram.down()
        wait_for(bot, "cannot be taken")
        chats.telegram.up()
        assert "job 2" in chats.ask("/jobs_show 2")
    assert len(chats.answers(OPERATOR)) == 3


def test_a_flood_is_waited_for_in_one_chat_and_others_go_on(chats: Chats) -> None:
    with chats.bot():
        chats.telegram.fail(429, retry_after=3, method="send*")
        chats.say("/jobs_show 1", OPERATOR)
        assert "job 2" in chats.ask("/jobs_show 2", VIEWER)
        told = chats.next_answer(OPERATOR, 0)
    assert "job 1" in text_of(told)
    assert len(chats.answers(OPERATOR)) == 1


def test_a_chat_that_has_blocked_the_bot_keeps_nobody_waiting(chats: Chats) -> None:
    with chats.bot() as bot:
        chats.telegram.fail(403, "bot was blocked by the user", method="send*")
        chats.say("/jobs_show 1", OPERATOR)
        wait_for(bot, str(OPERATOR))
        assert "job 2" in chats.ask("/jobs_show 2", VIEWER)
        assert "job 3" in chats.ask("/jobs_show 3", OPERATOR)


def test_a_group_that_becomes_a_supergroup_is_answered_there(chats: Chats) -> None:
    with chats.bot():
        assert chats.ask("/subscribe all", ADMIN, GROUP)
        new = chats.telegram.migrate(GROUP)
        told = chats.next_answer(new, 0)
        assert text_of(told) == texts.MOVED
        assert f"telegram:{new}" in chats.ask("/subscriptions", ADMIN, new)


@pytest.mark.parametrize("options", [["--help"], ["try", "--help"]])
def test_its_help_has_examples(chats: Chats, options: list[str]) -> None:
    told = chats.project.run("shardline", "bot", *options)
    assert told.code == 0
    assert "Examples:" in told.out
