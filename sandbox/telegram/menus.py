"""The commands that a bot offers: to all, in a chat, to one person there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.telegram.entities import units
from sandbox.telegram.errors import bad_request
from sandbox.telegram.method import Method

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.telegram.chats import Chat, Chats
    from sandbox.telegram.parameters import Parameters

_MOST_COMMANDS = 100
_LONGEST_DESCRIPTION = 256  # UTF-16 units
_MOST_MENUS = 10_000
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"([a-z]{2})?")
_EVERYWHERE = {
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
}
_IN_GROUPS = {"chat_administrators", "chat_member"}


@dataclass(frozen=True)
class Command:
    """One line of a menu."""

    command: str
    description: str

    def as_json(self) -> dict[str, str]:
        """Return the Bot API's BotCommand."""
        return {"command": self.command, "description": self.description}


@dataclass(frozen=True)
class _Scope:
    type: str
    chat: int = 0
    user: int = 0


Menu = tuple[Command, ...]


class Menus:
    """The menus of one bot. Not thread-safe."""

    def __init__(self, chats: Chats) -> None:
        """Begin with none."""
        self._chats = chats
        self._menus: dict[tuple[_Scope, str], Menu] = {}

    def methods(self) -> list[Method]:
        """Return the methods."""
        where = {"scope", "language_code"}
        return [
            Method("setMyCommands", self._set, {"commands", *where}),
            Method("getMyCommands", self._get, where),
            Method("deleteMyCommands", self._delete, where),
        ]

    def shown(self, chat: Chat, user: int, language: str) -> Menu:
        """Return what one person is shown in a chat: the menu of the closest scope."""
        for scope in _scopes(chat, user):
            for key in (language, ""):
                if menu := self._menus.get((scope, key)):
                    return menu
        return ()

    def _set(self, call: Parameters) -> bool:
        where = self._where(call)
        menu = _menu(call)
        self._menus.pop(where, None)
        if menu and len(self._menus) >= _MOST_MENUS:
            raise bad_request(f"the sandbox keeps {_MOST_MENUS:,} menus at most")
        if menu:
            self._menus[where] = menu
        return True

    def _get(self, call: Parameters) -> list[dict[str, str]]:
        return [one.as_json() for one in self._menus.get(self._where(call), ())]

    def _delete(self, call: Parameters) -> bool:
        self._menus.pop(self._where(call), None)
        return True

    def _where(self, call: Parameters) -> tuple[_Scope, str]:
        language = call.text("language_code")
        if not _LANGUAGE.fullmatch(language):
            raise bad_request("invalid language code specified")
        return self._scope(call.json("scope")), language

    def _scope(self, told: Any) -> _Scope:  # noqa: ANN401 - JSON
        if told is None:
            return _Scope("default")
        if not isinstance(told, dict):
            raise _no_scope("BotCommandScope must be an Object")
        kind = str(told.get("type"))
        if kind in _EVERYWHERE:
            return _Scope(kind)
        if kind not in {"chat", *_IN_GROUPS}:
            raise _no_scope("Unsupported type specified")
        chat = self._chat(told.get("chat_id"))
        if kind in _IN_GROUPS and chat.id > 0:
            raise bad_request(f"the sandbox has the scope {kind} in groups only")
        if kind != "chat_member":
            return _Scope(kind, chat.id)
        user = _number(told.get("user_id"))
        if user <= 0:
            raise _no_scope("Invalid user_id specified")
        return _Scope(kind, chat.id, user)

    def _chat(self, told: Any) -> Chat:  # noqa: ANN401 - JSON
        if told in (None, ""):
            raise _no_scope("Empty chat_id specified")
        return self._chats.reach(_number(told))


def _scopes(chat: Chat, user: int) -> Iterator[_Scope]:
    """The scopes that hold for a person, the closest first, as the Bot API has them."""
    if chat.id > 0:
        yield _Scope("chat", chat.id)
        yield _Scope("all_private_chats")
    else:
        leads = chat.members.get(user) in {"creator", "administrator"}
        yield _Scope("chat_member", chat.id, user)
        if leads:
            yield _Scope("chat_administrators", chat.id)
        yield _Scope("chat", chat.id)
        if leads:
            yield _Scope("all_chat_administrators")
        yield _Scope("all_group_chats")
    yield _Scope("default")


def _menu(call: Parameters) -> Menu:
    told = call.json("commands")
    if told is None:
        return ()
    if not isinstance(told, list):
        raise bad_request("expected an Array of BotCommand")
    if len(told) > _MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return tuple(map(_command, told))


def _command(told: Any) -> Command:  # noqa: ANN401 - JSON
    if not isinstance(told, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    command = str(told.get("command", ""))
    description = str(told.get("description", "")).strip()
    if not _COMMAND.fullmatch(command):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 0 < units(description) <= _LONGEST_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return Command(command, description)


def _number(told: Any) -> int:  # noqa: ANN401 - JSON
    try:
        return int(told)
    except (TypeError, ValueError, OverflowError):
        return 0


def _no_scope(why: str) -> Exception:
    return bad_request(f"can't parse BotCommandScope: {why}")
