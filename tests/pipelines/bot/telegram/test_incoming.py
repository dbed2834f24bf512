"""What comes in is as old as Telegram's clock says, whatever the clock here shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bot.telegram.incoming import Arrival, Reader

NOW = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
POLLED = NOW - timedelta(seconds=20)
READER = Reader(1, "our_bot")
PERSON = {"id": 7, "is_bot": False, "first_name": "Olga"}
CHAT = {"id": 7, "type": "private", "first_name": "Olga"}


def message(text: str, moment: datetime, **how: object) -> dict[str, Any]:
    told = {"message_id": 5, "date": int(moment.timestamp()), "chat": CHAT}
    return {"update_id": 1, "message": {**told, "from": PERSON, "text": text, **how}}


@given(st.integers(-86_400, 86_400), st.integers(0, 3_600))
def test_the_age_of_a_message_is_that_by_telegrams_clock(ahead: int, age: int) -> None:
    server = NOW + timedelta(seconds=ahead)
    raw = message("/status", server - timedelta(seconds=age))
    found = READER.arrived(raw, Arrival(NOW, server, POLLED))
    assert found
    assert found.written == NOW - timedelta(seconds=age)


def test_a_press_is_not_older_than_the_last_time_that_all_was_taken() -> None:
    shown = message("what failed", NOW - timedelta(hours=9))["message"]
    press = {"id": "1", "from": PERSON, "chat_instance": "1", "data": "wish:jobs"}
    raw = {"update_id": 1, "callback_query": {**press, "message": shown}}
    found = READER.arrived(raw, Arrival(NOW, NOW + timedelta(hours=1), POLLED))
    assert found
    assert found.written == POLLED


@pytest.mark.parametrize(
    "raw",
    [
        {"update_id": 1, "message": 5},
        {"update_id": 1, "message": {"message_id": 1}},
        {"update_id": 1, "callback_query": {"id": "1"}},
    ],
)
def test_what_is_no_update_is_told_to_be_none(raw: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no update"):
        READER.arrived(raw, Arrival(NOW, NOW, POLLED))


@pytest.mark.parametrize(
    ("text", "how", "is_meant"),
    [
        ("/status", {}, True),
        ("/status@our_bot", {}, True),
        ("/status@OUR_BOT", {}, True),
        ("/status@another_bot", {}, False),
        ("what a day", {}, False),
        ("thanks", {"id": 1, "is_bot": True, "first_name": "Ours"}, True),
        ("thanks", {"id": 2, "is_bot": True, "first_name": "Another"}, False),
    ],
)
def test_in_a_group_only_what_is_meant_for_the_bot_comes_in(
    text: str, how: dict[str, object], *, is_meant: bool
) -> None:
    group = {"id": -1001, "type": "supergroup", "title": "On call"}
    before = {"message_id": 4, "date": 0, "chat": group, "from": how}
    answered = {"reply_to_message": before} if how else {}
    raw = message(text, NOW, chat=group, **answered)
    found = READER.arrived(raw, Arrival(NOW, NOW, POLLED))
    assert (found is not None) == is_meant
