"""The methods of the Bot API that the sandbox has."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.telegram.as_json import bot_as_json, message_as_json
from sandbox.telegram.chats import Chats, File, FileKind, Message, deleted, edited
from sandbox.telegram.entities import Formatted, units
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.files import Files
from sandbox.telegram.formatting import read_formatted
from sandbox.telegram.keyboards import read_keyboard
from sandbox.telegram.limits import (
    LARGEST_FILE,
    LARGEST_PHOTO,
    LONGEST_CAPTION,
    LONGEST_TEXT,
    Limits,
)
from sandbox.telegram.members import member_as_json
from sandbox.telegram.menus import Menus
from sandbox.telegram.method import Method
from sandbox.telegram.people import People
from sandbox.telegram.presses import Presses
from sandbox.telegram.receiving import Receiving
from sandbox.telegram.rich import read_rich

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.telegram.chats import Chat
    from sandbox.telegram.clock import Clock
    from sandbox.telegram.parameters import Parameters, Upload
    from sandbox.telegram.rich import Rich
    from sandbox.telegram.updates import Updates

_RICH = "sendRichMessage"
_REPLY = {"reply_parameters", "reply_to_message_id", "allow_sending_without_reply"}
_SEND = {
    *("chat_id", "message_thread_id", "disable_notification", "protect_content"),
    "reply_markup",
    *_REPLY,
}
_TEXT = {
    *("text", "parse_mode", "entities"),
    *("link_preview_options", "disable_web_page_preview"),
}
_CAPTION = {"caption", "parse_mode", "caption_entities"}

_ACTIONS = {
    *("typing", "upload_photo", "upload_document", "upload_video", "upload_voice"),
    *("record_video", "record_voice", "record_video_note", "upload_video_note"),
    *("find_location", "choose_sticker"),
}
_GIFTS = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)


class Methods:
    """One bot, its chats and its limits. Not thread-safe.

    Attributes:
        chats: What the bot can write to.
        limits: How much of it.
        people: Those who write to it.
        presses: The buttons that they press.
        menus: The commands that they are offered.
        files: What was sent, by them and by the bot.
        rich: Whether it has rich messages, as servers before Bot API 10.1 have not.
    """

    def __init__(
        self, bot: int, chats: Iterable[int], updates: Updates, clock: Clock
    ) -> None:
        """Begin with empty chats.

        Args:
            bot: The bot's id, the number before the colon of its token.
            chats: The ids of its chats.
            updates: What happened in them.
            clock: Tells what is too old.
        """
        self.chats = Chats(chats)
        self.limits = Limits()
        self.people = People(bot, self.chats, updates)
        self.presses = Presses(bot, self.people, updates, clock)
        self.menus = Menus(self.chats)
        self.files = Files(clock)
        self.rich = True
        self._bot = bot
        found = [
            Method("getMe", self._get_me, set()),
            Method("getChat", self._get_chat, {"chat_id"}),
            Method("sendMessage", self._send_message, _SEND | _TEXT),
            Method(
                "sendDocument",
                self._send_document,
                {*_SEND, *_CAPTION, "document", "disable_content_type_detection"},
            ),
            Method(
                "sendPhoto",
                self._send_photo,
                {*_SEND, *_CAPTION, "photo", "show_caption_above_media"},
            ),
            Method(
                "editMessageText",
                self._edit_message_text,
                {"chat_id", "message_id", "reply_markup", "rich_message", *_TEXT},
            ),
            Method(
                "editMessageReplyMarkup",
                self._edit_message_reply_markup,
                {"chat_id", "message_id", "reply_markup"},
            ),
            Method("deleteMessage", self._delete_message, {"chat_id", "message_id"}),
            Method(_RICH, self._send_rich_message, {*_SEND, "rich_message"}),
            Method(
                "sendChatAction",
                self._send_chat_action,
                {"chat_id", "message_thread_id", "action"},
            ),
            Method("getChatMember", self._get_chat_member, {"chat_id", "user_id"}),
            *Receiving(updates).methods(),
            *self.menus.methods(),
            *self.files.methods(),
            *self.presses.methods(),
        ]
        self._methods = {one.name.lower(): one for one in found}

    def name(self, method: str) -> str:
        """Return a method's proper name; any case of it is good.

        Raises:
            ApiError: 404, the sandbox has no such method.
        """
        found = self._methods.get(method.lower())
        if found is None or (found.name == _RICH and not self.rich):
            raise ApiError(404, "Not Found: method not found")
        return found.name

    def run(self, method: str, call: Parameters) -> Any:  # noqa: ANN401 - JSON
        """Do what a call says, and return its result.

        Raises:
            ApiError: It cannot be done.
        """
        found = self._methods[method.lower()]
        for name in sorted(call.names() - found.parameters):
            raise bad_request(f"the sandbox's {found.name} has no parameter {name}")
        return found.run(call)

    def _get_me(self, _: Parameters) -> dict[str, Any]:
        return {
            **bot_as_json(self._bot),
            "can_join_groups": True,
            "can_read_all_group_messages": not self.people.privacy,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _get_chat(self, call: Parameters) -> dict[str, Any]:
        # Beside the chat, what every ChatFullInfo has, and clients insist on.
        return {
            **self._chat(call).as_json(),
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(_GIFTS, False),
        }

    def _send_chat_action(self, call: Parameters) -> bool:
        chat = self._chat(call)
        thread = call.integer("message_thread_id")
        if thread and thread not in chat.topics:
            raise bad_request("message thread not found")
        if call.text("action") not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        return True

    def _get_chat_member(self, call: Parameters) -> dict[str, Any]:
        return member_as_json(self._chat(call), call.integer("user_id"), self._bot)

    def _send_message(self, call: Parameters) -> dict[str, Any]:
        shown = _text(call, "message is too long")
        return self._post(call, shown)

    def _send_rich_message(self, call: Parameters) -> dict[str, Any]:
        return self._post(call, Formatted(""), rich=read_rich(call))

    def _send_document(self, call: Parameters) -> dict[str, Any]:
        return self._send_file(call, "document", LARGEST_FILE)

    def _send_photo(self, call: Parameters) -> dict[str, Any]:
        return self._send_file(call, "photo", LARGEST_PHOTO)

    def _send_file(
        self, call: Parameters, kind: FileKind, largest: int
    ) -> dict[str, Any]:
        caption = read_formatted(call, "caption", "caption_entities")
        if units(caption.text) > LONGEST_CAPTION:
            raise bad_request("message caption is too long")
        return self._post(call, caption, self._file(call, kind, largest))

    def _file(self, call: Parameters, kind: FileKind, largest: int) -> File:
        upload = _upload(call, kind)
        if upload is None:
            return self._known(call.text(kind), kind)
        if not upload.content:
            raise bad_request("file must be non-empty")
        if len(upload.content) > largest:
            size, most = len(upload.content), largest >> 20
            raise bad_request(f"file of size {size} bytes is too big: at most {most}MB")
        return self.files.keep(kind, upload)

    def _known(self, file: str, kind: FileKind) -> File:
        found = self.files.find(file)
        if found is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if found.kind != kind:
            had, wanted = found.kind.capitalize(), kind.capitalize()
            raise bad_request(f"can't use file of type {had} as {wanted}")
        return found

    def _post(
        self,
        call: Parameters,
        shown: Formatted,
        file: File | None = None,
        rich: Rich | None = None,
    ) -> dict[str, Any]:
        chat = self._chat(call)
        thread = call.integer("message_thread_id")
        if thread and thread not in chat.topics:
            raise bad_request("message thread not found")
        reply_to = _reply_to(call, chat)
        keyboard = read_keyboard(call)
        self.limits.admit(chat.id)
        draft = Message(
            0,
            chat.id,
            int(time.time()),
            shown.text,
            shown.entities,
            reply_to=reply_to,
            thread=thread,
            file=file,
            keyboard=keyboard,
            rich=rich,
        )
        return self._as_json(chat, self.chats.post(chat, draft))

    def _edit_message_text(self, call: Parameters) -> dict[str, Any]:
        shown, rich = self._new_content(call)
        chat = self._chat(call)
        message = _to_edit(chat, call)
        if message.file:
            raise bad_request("there is no text in the message to edit")
        new = replace(message, text=shown.text, entities=shown.entities, rich=rich)
        return self._edit(call, chat, message, new)

    def _new_content(self, call: Parameters) -> tuple[Formatted, Rich | None]:
        # A server that knows no rich messages ignores what it does not know.
        if not (self.rich and call.text("rich_message")):
            return _text(call, "MESSAGE_TOO_LONG"), None
        if call.text("text"):
            raise bad_request("the sandbox takes either a text or a rich_message")
        return Formatted(""), read_rich(call)

    def _edit_message_reply_markup(self, call: Parameters) -> dict[str, Any]:
        chat = self._chat(call)
        message = _to_edit(chat, call)
        return self._edit(call, chat, message, message)

    def _edit(
        self, call: Parameters, chat: Chat, message: Message, new: Message
    ) -> dict[str, Any]:
        new = replace(new, keyboard=read_keyboard(call))
        self.limits.admit(chat.id)
        if new == message:
            raise bad_request(
                "message is not modified: specified new message content and reply"
                " markup are exactly the same as a current content and reply markup"
                " of the message"
            )
        return self._as_json(chat, edited(chat, message, new))

    def _delete_message(self, call: Parameters) -> bool:
        chat = self._chat(call)
        message = _find(chat, call, "message to delete not found")
        if message.sender and chat.id < 0:
            raise bad_request("message can't be deleted")
        deleted(chat, message)
        return True

    def _chat(self, call: Parameters) -> Chat:
        if not call.text("chat_id"):
            raise bad_request("chat_id is empty")
        return self.chats.reach(call.integer("chat_id"))

    def _as_json(self, chat: Chat, message: Message) -> dict[str, Any]:
        return message_as_json(chat, message, self._bot)


def _text(call: Parameters, too_long: str) -> Formatted:
    if not call.text("text"):
        raise bad_request("message text is empty")
    shown = read_formatted(call, "text", "entities")
    if not shown.text:
        raise bad_request("text must be non-empty")
    if units(shown.text) > LONGEST_TEXT:
        raise bad_request(too_long)
    return shown


def _upload(call: Parameters, kind: str) -> Upload | None:
    """Return a file that came with a call, None if it names one that was sent."""
    if upload := call.upload(kind):
        return upload
    told = call.text(kind)
    if not told:
        raise bad_request(f"there is no {kind} in the request")
    if told.lower().startswith(("http://", "https://", "attach://")):
        raise bad_request(
            f"the sandbox takes a {kind} as an upload or a file_id, not by a URL"
        )
    return None


def _reply_to(call: Parameters, chat: Chat) -> int:
    told = call.json("reply_parameters")
    if told is None:
        number = call.integer("reply_to_message_id")
        lenient = call.flag("allow_sending_without_reply")
    elif isinstance(told, dict) and isinstance(told.get("message_id"), int):
        number = told["message_id"]
        lenient = bool(told.get("allow_sending_without_reply"))
    else:
        raise bad_request("can't parse reply parameters")
    answered = chat.messages.get(number)
    if number and (answered is None or answered.deleted):
        if not lenient:
            raise bad_request("message to be replied not found")
        return 0
    return number


def _to_edit(chat: Chat, call: Parameters) -> Message:
    message = _find(chat, call, "message to edit not found")
    if message.sender:
        raise bad_request("message can't be edited")
    return message


def _find(chat: Chat, call: Parameters, complaint: str) -> Message:
    message = chat.messages.get(call.integer("message_id"))
    if message is None or message.deleted:
        raise bad_request(complaint)
    return message
