"""The messages of one incident in one chat of Telegram."""

from __future__ import annotations

import logging
from typing import Any

from pipelines.alerts.channel import ChannelRefusedError, Notice
from pipelines.alerts.telegram.api import Fault, FaultyMessageError
from pipelines.alerts.telegram.keyboard import keyboard
from pipelines.alerts.telegram.rate_limits import Writer
from pipelines.alerts.telegram.receipt import Message, Shown, split_topic
from pipelines.alerts.telegram.text import Part, Parts, escape_markdown

logger = logging.getLogger(__name__)


class Page:
    """The messages of an incident in one chat, being brought up to a notice."""

    def __init__(
        self, writer: Writer, chat: str, shown: Shown, deadline: float
    ) -> None:
        """Keep where to write.

        Args:
            writer: Who writes.
            chat: As configured, with a topic's number behind it if it is one.
            shown: What the chat shows; it is kept up with what is written.
            deadline: When to give up, of the writer's clock.
        """
        self._writer = writer
        self._chat, thread = split_topic(chat)
        self._thread = {"message_thread_id": int(thread)} if thread else {}
        self._shown = shown
        self._deadline = deadline
        self._quietly: dict[str, Any] = {}

    def show(self, notice: Notice, wanted: Parts) -> None:
        """Edit the messages that differ, then send those that are missing.

        One that is to be shown anew begins with a message of its own.

        Raises:
            FaultyMessageError: A message is too long after all.
            MigratedError: The chat has another id now.
            ChannelBusyError: There is no time left for it, or no answer.
            ChannelRefusedError: The chat is closed to the bot.
        """
        self._quietly = {"disable_notification": True} if notice.silent else {}
        texts = list(wanted.messages)
        if self._is_new(notice):
            first = self._send(texts[0], is_reply=False)
            self._shown.begin(first, notice.showing)
        messages = self._shown.recovery if notice.recovered else self._shown.incident
        # Those that a longer notice needed before.
        texts += [_nothing(notice)] * (len(messages) - len(texts))
        for at, text in enumerate(texts):
            if at == len(messages):
                messages.append(self._send(text, is_reply=notice.recovered))
            elif messages[at].digest != text.digest:
                messages[at] = self._edit(messages[at], text)
        if wanted.file and not self._shown.attached:
            self._attach(notice, wanted.file)
        if notice.recovered:
            self._remove_buttons(notice)

    def _is_new(self, notice: Notice) -> bool:
        if notice.recovered or notice.showing == self._shown.showing:
            return False
        return not (notice.silent and self._shown.incident)

    def _edit(self, message: Message, text: Part) -> Message:
        try:
            self._put("editMessageText", text, {"message_id": message.id})
        except FaultyMessageError as error:
            if error.fault is Fault.GONE:
                return self._send(text, is_reply=False)
            if error.fault is not Fault.UNCHANGED:
                raise
        return _message(message.id, text)

    def _send(self, text: Part, *, is_reply: bool) -> Message:
        reply = self._reply() if is_reply else {}
        more = {**self._thread, **self._quietly, **reply}
        result = self._put("sendMessage", text, more)
        return _message(result["message_id"], text)

    def _reply(self) -> dict[str, Any]:
        """What makes a message a reply to the incident's, if that is still there."""
        if not self._shown.incident:
            return {}
        first = self._shown.incident[0].id
        return {
            "reply_parameters": {
                "message_id": first,
                "allow_sending_without_reply": True,
            }
        }

    def _put(self, method: str, text: Part, more: dict[str, Any]) -> dict[str, Any]:
        """Send or edit a text; as plain text if its markup is refused.

        Its buttons go with it each time: an edit without them would remove them.
        """
        buttons = {"reply_markup": keyboard(text.buttons)} if text.buttons else {}
        common = {
            "chat_id": self._shown.chat,
            "link_preview_options": {"is_disabled": True},
            **buttons,
            **more,
        }
        marked = {**common, "text": text.marked, "parse_mode": "MarkdownV2"}
        try:
            return self._write(method, marked)
        except FaultyMessageError as error:
            if error.fault is not Fault.MARKUP:
                raise
        return self._write(method, {**common, "text": text.plain})

    def _remove_buttons(self, notice: Notice) -> None:
        """Leave nothing to be pressed at an incident that is over."""
        for at, message in enumerate(self._shown.incident):
            if not message.has_buttons:
                continue
            where = {"chat_id": self._shown.chat, "message_id": message.id}
            try:
                self._write("editMessageReplyMarkup", where)
            except (FaultyMessageError, ChannelRefusedError) as error:
                # Its end is told, and who presses them is told so, too.
                logger.info("the buttons of incident %d: %s", notice.number, error)
            rest = message.model_copy(update={"has_buttons": False})
            self._shown.incident[at] = rest

    def _attach(self, notice: Notice, text: str) -> None:
        """Send the whole notice as a file; an incident has one, of its first state."""
        try:
            self._write(
                "sendDocument",
                {
                    "chat_id": self._shown.chat,
                    "caption": f"#{notice.number}",
                    **self._thread,
                    **self._quietly,
                },
                (f"incident-{notice.number}.txt", text.encode()),
            )
        except (FaultyMessageError, ChannelRefusedError) as error:
            # People have read what matters; a chat may allow text only.
            logger.warning("the file of incident %d: %s", notice.number, error)
        self._shown.attached = True

    def _write(
        self,
        method: str,
        parameters: dict[str, Any],
        document: tuple[str, bytes] | None = None,
    ) -> dict[str, Any]:
        return self._writer.write(
            method, self._chat, parameters, self._deadline, document
        )


def _message(number: int, text: Part) -> Message:
    return Message(id=number, digest=text.digest, has_buttons=bool(text.buttons))


def _nothing(notice: Notice) -> Part:
    text = f"#{notice.number} has become shorter"
    return Part(marked=escape_markdown(text), plain=text)
