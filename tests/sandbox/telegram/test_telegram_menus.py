"""The commands that a bot offers, by scope; and who belongs to a chat."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.control import ControlError
from sandbox.telegram.control import TelegramControl
from tests.kit.bot_client import BotClient

ANN, BEN, GROUP = 1001, 1002, -1001


def menu(*names: str) -> list[dict[str, str]]:
    return [{"command": name, "description": f"Does {name}"} for name in names]


def shown(telegram: TelegramControl, chat: int, user: int, language: str = "") -> str:
    offered = telegram.menu(chat, user, language=language)
    return " ".join(one.command for one in offered)


def test_a_menu_is_kept_for_its_scope_and_language_alone(bot: BotClient) -> None:
    chat = {"type": "chat", "chat_id": GROUP}
    bot.call("setMyCommands", commands=menu("status"))
    bot.call("setMyCommands", commands=menu("run"), scope=chat)
    bot.call("setMyCommands", commands=menu("run", "why"), language_code="ru")
    assert bot.call("getMyCommands") == menu("status")
    assert bot.call("getMyCommands", scope={"type": "default"}) == menu("status")
    assert bot.call("getMyCommands", scope=chat) == menu("run")
    assert bot.call("getMyCommands", language_code="ru") == menu("run", "why")
    assert bot.call("getMyCommands", scope={"type": "all_group_chats"}) == []
    assert bot.call("deleteMyCommands", scope=chat) is True
    assert bot.call("getMyCommands", scope=chat) == []
    bot.call("setMyCommands", commands=[])
    assert bot.call("getMyCommands") == []


def test_a_person_is_shown_the_menu_of_the_closest_scope(
    bot: BotClient, telegram: TelegramControl
) -> None:
    def offer(name: str, **scope: object) -> None:
        bot.call("setMyCommands", commands=menu(name), scope=scope)

    telegram.set_status(GROUP, ANN, "administrator")
    telegram.set_status(GROUP, BEN, "member")
    assert shown(telegram, GROUP, ANN) == ""
    offer("everyone", type="default")
    assert shown(telegram, GROUP, BEN) == shown(telegram, ANN, ANN) == "everyone"
    offer("private", type="all_private_chats")
    offer("groups", type="all_group_chats")
    assert shown(telegram, GROUP, BEN) == "groups"
    assert shown(telegram, ANN, ANN) == "private"
    offer("leads", type="all_chat_administrators")
    assert (shown(telegram, GROUP, ANN), shown(telegram, GROUP, BEN)) == (
        "leads",
        "groups",
    )
    offer("here", type="chat", chat_id=GROUP)
    assert shown(telegram, GROUP, ANN) == shown(telegram, GROUP, BEN) == "here"
    offer("lead_here", type="chat_administrators", chat_id=GROUP)
    assert shown(telegram, GROUP, ANN) == "lead_here"
    offer("ben", type="chat_member", chat_id=GROUP, user_id=BEN)
    assert (shown(telegram, GROUP, ANN), shown(telegram, GROUP, BEN)) == (
        "lead_here",
        "ben",
    )
    offer("ann", type="chat", chat_id=ANN)
    assert shown(telegram, ANN, ANN) == "ann"


def test_a_persons_language_comes_before_none(
    bot: BotClient, telegram: TelegramControl
) -> None:
    bot.call("setMyCommands", commands=menu("all"))
    bot.call("setMyCommands", commands=menu("russian"), language_code="ru")
    assert shown(telegram, ANN, ANN, "ru") == "russian"
    assert shown(telegram, ANN, ANN, "de") == "all"


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({"commands": {}}, "expected an Array of BotCommand"),
        ({"commands": [1]}, "can't parse BotCommand: expected an Object"),
        ({"commands": menu("Status")}, "BOT_COMMAND_INVALID"),
        ({"commands": menu("/status")}, "BOT_COMMAND_INVALID"),
        ({"commands": menu("a" * 33)}, "BOT_COMMAND_INVALID"),
        ({"commands": menu("")}, "BOT_COMMAND_INVALID"),
        (
            {"commands": [{"command": "a", "description": "b" * 257}]},
            "BOT_COMMAND_DESCRIPTION_INVALID",
        ),
        (
            {"commands": [{"command": "a", "description": " "}]},
            "BOT_COMMAND_DESCRIPTION_INVALID",
        ),
        (
            {"commands": menu(*(f"c{n}" for n in range(101)))},
            "BOT_COMMANDS_TOO_MUCH",
        ),
        (
            {"commands": menu("a"), "language_code": "russian"},
            "invalid language code specified",
        ),
        (
            {"commands": menu("a"), "scope": {"type": "me"}},
            "can't parse BotCommandScope: Unsupported type specified",
        ),
        (
            {"commands": menu("a"), "scope": {"type": {}}},
            "can't parse BotCommandScope: Unsupported type specified",
        ),
        (
            {"commands": menu("a"), "scope": "[" * 100_000},
            "can't parse scope JSON object",
        ),
        (
            {"commands": menu("a"), "scope": {"type": "chat"}},
            "can't parse BotCommandScope: Empty chat_id specified",
        ),
        (
            {"commands": menu("a"), "scope": {"type": "chat", "chat_id": 5}},
            "chat not found",
        ),
        (
            {
                "commands": menu("a"),
                "scope": {"type": "chat_member", "chat_id": GROUP},
            },
            "can't parse BotCommandScope: Invalid user_id specified",
        ),
    ],
)
def test_a_menu_that_cannot_be_is_refused(
    bot: BotClient, parameters: dict[str, Any], description: str
) -> None:
    bot.call("setMyCommands", commands=menu("status"))
    told = bot.refused("setMyCommands", **parameters)
    assert told["description"] == f"Bad Request: {description}"
    assert bot.call("getMyCommands") == menu("status")


def test_a_menu_may_be_as_long_as_telegram_lets_it_be(bot: BotClient) -> None:
    longest = [{"command": f"c{n:031}", "description": "d" * 256} for n in range(100)]
    bot.call("setMyCommands", commands=longest)
    assert bot.call("getMyCommands") == longest


def test_a_member_is_told_with_his_status(
    bot: BotClient, telegram: TelegramControl
) -> None:
    def status(user: int, chat: int = GROUP) -> str:
        told = bot.call("getChatMember", chat_id=chat, user_id=user)
        assert told["user"]["id"] == user
        return str(told["status"])

    me = bot.call("getMe")["id"]
    unknown = bot.refused("getChatMember", chat_id=GROUP, user_id=BEN)
    assert unknown["description"] == "Bad Request: member not found"
    telegram.say(GROUP, BEN, "hello")
    assert status(BEN) == "member"
    for one in ("creator", "administrator", "left", "kicked", "member"):
        telegram.set_status(GROUP, BEN, one)
        assert status(BEN) == one
    assert status(me) == status(ANN, ANN) == status(me, ANN) == "member"
    with pytest.raises(ControlError, match="one of creator, administrator"):
        telegram.set_status(GROUP, BEN, "king")
    with pytest.raises(ControlError, match="is a private one"):
        telegram.set_status(ANN, ANN, "left")


def test_a_bot_is_told_that_it_is_blocked_and_no_more(
    bot: BotClient, telegram: TelegramControl
) -> None:
    for chat in (ANN, GROUP):
        telegram.block(chat)
        telegram.block(chat)
        telegram.unblock(chat)
    changes = [one["my_chat_member"] for one in bot.call("getUpdates")]
    assert [
        (one["chat"]["id"], one["old_chat_member"]["status"]) for one in changes
    ] == [(ANN, "member"), (ANN, "kicked"), (GROUP, "member"), (GROUP, "kicked")]
    me = bot.call("getMe")["id"]
    assert {one["new_chat_member"]["user"]["id"] for one in changes} == {me}


def test_both_groups_tell_of_a_migration(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.set_status(GROUP, BEN, "administrator")
    new = telegram.migrate(GROUP)
    old_told, new_told = (one["message"] for one in bot.call("getUpdates"))
    assert (old_told["chat"]["id"], old_told["migrate_to_chat_id"]) == (GROUP, new)
    assert (new_told["chat"]["id"], new_told["migrate_from_chat_id"]) == (new, GROUP)
    told = bot.call("getChatMember", chat_id=new, user_id=BEN)
    assert told["status"] == "administrator"
