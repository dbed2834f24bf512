"""Who cannot make the bot do something, and how they are answered."""

from __future__ import annotations

import pytest

from pipelines.alerts import list_incidents
from pipelines.bot import texts
from pipelines.operations import list_people
from tests.kit.chats import (
    ADMIN,
    GROUP,
    OPERATOR,
    STRANGER,
    VIEWER,
    Chats,
    text_of,
)

REVOKE = "/people_revoke Vera"


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        ({"forwarded_from": OPERATOR}, texts.REFUSED_FORWARDED),
        ({"as_chat": GROUP}, texts.REFUSED_ANONYMOUS),
        ({"as_chat": -1002}, texts.REFUSED_ANONYMOUS),
    ],
)
def test_what_has_no_person_behind_it_is_refused_and_audited(
    chats: Chats, how: dict[str, int], answer: str
) -> None:
    with chats.bot():
        assert chats.ask(REVOKE, ADMIN, GROUP, **how) == answer
        assert chats.ask(REVOKE, ADMIN, GROUP).startswith("Vera")
    refused = [one for one in chats.audit() if not one.allowed]
    assert [(one.verb, one.detail) for one in refused] == [("people revoke", answer)]
    (identity,) = {one.identity for one in refused}
    assert identity in {f"telegram:{ADMIN}", f"chat:{GROUP}", "chat:-1002"}


def test_what_is_edited_is_refused_and_what_was_done_is_not_done_again(
    chats: Chats,
) -> None:
    with chats.bot():
        said = chats.telegram.say(ADMIN, ADMIN, "/people")
        chats.next_answer(ADMIN, 0)
        chats.telegram.say(ADMIN, ADMIN, REVOKE, edit=said.message)
        assert text_of(chats.next_answer(ADMIN, 1)) == texts.REFUSED_EDITED
    assert [one.revoked for one in list_people(chats.engine)] == [None] * 3


def test_a_button_is_its_askers_alone_and_counts_once(chats: Chats) -> None:
    with chats.bot():
        chats.ask(REVOKE, ADMIN, GROUP)
        told = chats.press(texts.AGREE, OPERATOR, GROUP)
        assert "nothing waits for this answer" in text_of(told)
        told = chats.press(texts.AGREE, STRANGER, GROUP)
        assert "nothing waits for this answer" in text_of(told)
        assert all(one.revoked is None for one in list_people(chats.engine))
    refused = [one.identity for one in chats.audit() if not one.allowed]
    assert sorted(refused) == [f"telegram:{OPERATOR}", f"telegram:{STRANGER}"]


@pytest.mark.long  # Telegram takes one message a second
def test_who_writes_too_much_is_told_once_and_others_are_answered(
    chats: Chats,
) -> None:
    chats.telegram.set_pace(100)
    for _ in range(40):
        chats.say("/help start", VIEWER)
    with chats.bot():
        assert "started" not in chats.ask("/jobs", OPERATOR)
        chats.telegram.wait(lambda: len(chats.answers(VIEWER)) > 20, timeout=60)
        assert chats.ask("/jobs", ADMIN)
    told = [text_of(one) for one in chats.answers(VIEWER)]
    assert len(told) == 21
    assert sum("too much at once" in one for one in told) == 1
    refused = [one for one in chats.audit() if not one.allowed]
    assert [one.identity for one in refused] == [f"telegram:{VIEWER}"]


def test_what_is_old_is_told_to_be_too_late_and_not_done(chats: Chats) -> None:
    chats.say(REVOKE, ADMIN, ago=360)
    chats.say("/people", ADMIN, ago=240)
    with chats.bot():
        late = text_of(chats.next_answer(ADMIN, 0))
        assert late == texts.TOO_LATE.format(minutes=6)
        assert "Vera" in text_of(chats.next_answer(ADMIN, 1))
    refused = [one for one in chats.audit() if not one.allowed]
    assert [one.verb for one in refused] == ["people revoke"]
    assert all(one.revoked is None for one in list_people(chats.engine))


def test_a_stranger_learns_nothing_and_a_group_is_nobody(chats: Chats) -> None:
    with chats.bot():
        for text in ("/status", "/people", "/help run", "/jobs show 1"):
            assert chats.ask(text, STRANGER, GROUP) == texts.HELLO_STRANGER.replace(
                "`", ""
            )
        chats.say("/status@another_bot", OPERATOR, GROUP)
        chats.say("what a day", OPERATOR, GROUP)
        assert "nothing to tell" in chats.ask("/jobs", OPERATOR, GROUP).lower()
    assert len(chats.answers(GROUP)) == 5


def test_another_poller_of_the_token_is_an_incident(chats: Chats) -> None:
    with chats.bot():
        chats.telegram.fail(409, method="getUpdates")
        chats.say("/jobs", OPERATOR)
        found = chats.telegram.wait(lambda: chats.answers(GROUP))
    assert "somebody else takes the updates" in text_of(found[0])
    (incident,) = list_incidents(chats.engine, also_closed=False)
    assert incident.family == "Bot"
