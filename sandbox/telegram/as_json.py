"""Users and messages, as the Bot API tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.telegram.keyboards import as_markup

if TYPE_CHECKING:
    from sandbox.telegram.chats import Chat, File, Message

BOT_NAME = "sandbox_bot"

_OF_TELEGRAM = {
    1087968824: {
        "is_bot": True,
        "first_name": "Group",
        "username": "GroupAnonymousBot",
    },
    136817688: {"is_bot": True, "first_name": "Channel", "username": "Channel_Bot"},
    777000: {"is_bot": False, "first_name": "Telegram"},
}


def bot_as_json(bot: int) -> dict[str, Any]:
    """Return the bot as a user."""
    return {"id": bot, "is_bot": True, "first_name": "Sandbox", "username": BOT_NAME}


def user_as_json(user: int) -> dict[str, Any]:
    """Return a person, or one of the users who stand for somebody else."""
    if user in _OF_TELEGRAM:
        return {"id": user, **_OF_TELEGRAM[user]}
    named = {"first_name": f"User {user}", "language_code": "en"}
    return {"id": user, "is_bot": False, **named}


def message_as_json(
    chat: Chat, message: Message, bot: int, *, with_reply: bool = True
) -> dict[str, Any]:
    """Return a message.

    Args:
        chat: Where it stands.
        message: The message.
        bot: The bot's id.
        with_reply: Whether to tell what it answers; an answered message tells not.
    """
    user = user_as_json(message.sender) if message.sender else bot_as_json(bot)
    told: dict[str, Any] = {
        "message_id": message.id,
        "from": user,
        "chat": chat.as_json(),
        "date": message.date,
    }
    if message.as_chat:
        told["sender_chat"] = _chat(chat, message.as_chat)
    if message.edited:
        told["edit_date"] = message.edited
    if message.forwarded_from:
        origin = {"type": "user", "sender_user": user_as_json(message.forwarded_from)}
        told["forward_origin"] = {**origin, "date": message.date}
    if message.thread:
        told["message_thread_id"] = message.thread
        told["is_topic_message"] = True
    answered = chat.messages.get(message.reply_to)
    if answered and with_reply:
        told["reply_to_message"] = message_as_json(
            chat, answered, bot, with_reply=False
        )
    if message.keyboard:
        told["reply_markup"] = as_markup(message.keyboard)
    return {**told, **_content(message)}


def _chat(here: Chat, chat: int) -> dict[str, Any]:
    if chat == here.id:
        return here.as_json()
    return {"id": chat, "title": f"Channel {chat}", "type": "channel"}


def _content(message: Message) -> dict[str, Any]:
    if message.rich:
        return {"rich_message": message.rich}
    told: dict[str, Any] = _file(message.file) if message.file else {}
    text = "caption" if message.file else "text"
    if message.text or not message.file:
        told[text] = message.text
    if message.entities:
        entities = "caption_entities" if message.file else "entities"
        told[entities] = [one.as_json() for one in message.entities]
    return told


def _file(file: File) -> dict[str, Any]:
    known = {
        "file_id": file.id,
        "file_unique_id": file.unique_id,
        "file_size": file.size,
    }
    if file.kind == "photo":
        return {"photo": [{**known, "width": file.width, "height": file.height}]}
    named = {"file_name": file.name, "mime_type": file.mime_type}
    return {"document": {**named, **known}}
