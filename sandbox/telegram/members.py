"""Who belongs to a chat, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.telegram.as_json import bot_as_json, user_as_json
from sandbox.telegram.errors import bad_request

if TYPE_CHECKING:
    from sandbox.telegram.chats import Chat

_RIGHTS = (
    "can_be_edited",
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
)
# What comes with a status beside the person.
_BESIDE: dict[str, dict[str, Any]] = {
    "creator": {"is_anonymous": False},
    "administrator": {**dict.fromkeys(_RIGHTS, False), "can_manage_chat": True},
    "member": {},
    "left": {},
    "kicked": {"until_date": 0},
}


def set_status(chat: Chat, user: int, status: str) -> None:
    """Make a person something in a group.

    Raises:
        ValueError: The sandbox knows no such status, or the chat is no group.
    """
    if status not in _BESIDE:
        raise ValueError(f"the status of a member is one of {', '.join(_BESIDE)}")
    if chat.id > 0:
        raise ValueError(f"chat {chat.id} is a private one")
    chat.members[user] = status


def member_as_json(chat: Chat, user: int, bot: int) -> dict[str, Any]:
    """Return the Bot API's ChatMember.

    Raises:
        ApiError: 400, the chat knows no such person.
    """
    if user in (bot, chat.id):
        status = "member"
    elif user in chat.members:
        status = chat.members[user]
    else:
        raise bad_request("member not found")
    return as_status(user, status, bot)


def as_status(user: int, status: str, bot: int) -> dict[str, Any]:
    """Return the ChatMember of a person or the bot that is something in a chat."""
    told = bot_as_json(bot) if user == bot else user_as_json(user)
    return {"user": told, "status": status, **_BESIDE[status]}
