"""The methods of the Bot API, called with `requests`."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import requests

from sandbox.telegram.chats import Message
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.entities import Entity
from tests.kit.bot_client import BotClient

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\x40\0\0\0\xc8" + bytes(range(256))


def test_a_bot_tells_who_it_is_and_where_it_is(bot: BotClient) -> None:
    assert bot.call("getMe")["id"] == 1
    assert bot.call("GETCHAT", chat_id=-1001)["type"] == "group"
    assert bot.call("getChat", chat_id="1001")["type"] == "private"
    answer = requests.get(f"{bot.url}/bot{bot.token}/getMe", timeout=20)
    assert answer.json()["result"]["is_bot"] is True


def test_a_bot_seems_to_type(bot: BotClient, telegram: TelegramControl) -> None:
    assert bot.call("sendChatAction", chat_id=1001, action="typing") is True
    for chat, action, complaint in (
        (1001, "sleep", "wrong parameter action in request"),
        (5, "typing", "chat not found"),
    ):
        told = bot.refused("sendChatAction", chat_id=chat, action=action)
        assert told["description"] == f"Bad Request: {complaint}"
    assert telegram.messages(1001) == []


@pytest.mark.parametrize("how", ["json", "data", "files", "params"])
def test_parameters_come_in_every_form(
    bot: BotClient, telegram: TelegramControl, how: str
) -> None:
    said: dict[str, Any] = {"chat_id": "-1001", "text": "жук & *co*\n=1"}
    if how == "files":
        said = {name: (None, value) for name, value in said.items()}
    assert bot.post("sendMessage", **{how: said}).json()["ok"] is True
    (shown,) = telegram.messages(-1001)
    assert shown.text == "жук & *co*\n=1"


def test_a_message_is_shown_and_edited_and_deleted(
    bot: BotClient, telegram: TelegramControl
) -> None:
    sent = bot.call(
        "sendMessage", chat_id=-1001, text="*38* of 150", parse_mode="MarkdownV2"
    )
    assert sent["text"] == "38 of 150"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert sent["chat"]["id"] == -1001
    place = {"chat_id": -1001, "message_id": sent["message_id"]}
    changed = bot.call("editMessageText", **place, text="<i>40</i>", parse_mode="HTML")
    assert changed["edit_date"] >= changed["date"]
    (shown,) = telegram.messages(-1001)
    assert (shown.text, shown.edits, shown.deleted) == ("40", 1, False)
    assert shown.entities == (Entity("italic", 0, 2),)
    assert bot.post("deleteMessage", json=place).json() == {"ok": True, "result": True}
    (gone,) = telegram.messages(-1001)
    assert (gone.text, gone.deleted) == ("40", True)
    for method, what in (("editMessageText", "edit"), ("deleteMessage", "delete")):
        text = {"text": "x"} if what == "edit" else {}
        told = bot.refused(method, **place, **text)
        assert told["description"] == f"Bad Request: message to {what} not found"
    assert telegram.answers()["editMessageText", 200] == 1
    assert telegram.answers()["editMessageText", 400] == 1


def test_an_edit_that_changes_nothing_is_an_error(bot: BotClient) -> None:
    sent = bot.call("sendMessage", chat_id=1001, text="a")
    place = {"chat_id": 1001, "message_id": sent["message_id"]}
    told = bot.refused("editMessageText", **place, text="a ")
    assert told["error_code"] == 400
    assert told["description"].startswith("Bad Request: message is not modified: ")


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({"text": "a"}, "Bad Request: chat_id is empty"),
        ({"chat_id": 5, "text": "a"}, "Bad Request: chat not found"),
        ({"chat_id": "@nobody", "text": "a"}, "Bad Request: chat not found"),
        ({"chat_id": 1001}, "Bad Request: message text is empty"),
        ({"chat_id": 1001, "text": " \n"}, "Bad Request: text must be non-empty"),
        ({"chat_id": 1001, "text": "a" * 4097}, "Bad Request: message is too long"),
        (
            {"chat_id": 1001, "text": "\U0001f3df" * 2049},
            "Bad Request: message is too long",
        ),
        (
            {"chat_id": 5, "text": "a.", "parse_mode": "MarkdownV2"},
            (
                "Bad Request: can't parse entities: Character '.' is reserved and"
                " must be escaped with the preceding '\\'"
            ),
        ),
        (
            {"chat_id": 1001, "text": "<b>", "parse_mode": "html"},
            (
                "Bad Request: can't parse entities: Can't find end tag corresponding to"
                ' start tag "b"'
            ),
        ),
        (
            {"chat_id": 1001, "text": "a", "parse_mode": "XML"},
            "Bad Request: unsupported parse_mode",
        ),
        (
            {"chat_id": 1001, "text": "a", "reply_parameters": {"message_id": 99}},
            "Bad Request: message to be replied not found",
        ),
        (
            {"chat_id": 1001, "text": "a", "message_effect_id": "1"},
            "Bad Request: the sandbox's sendMessage has no parameter message_effect_id",
        ),
        (
            {"chat_id": 1001, "text": "\ud800"},
            "Bad Request: strings must be encoded in UTF-8",
        ),
    ],
)
def test_a_call_that_cannot_be_done_is_a_400(
    bot: BotClient,
    telegram: TelegramControl,
    parameters: dict[str, Any],
    description: str,
) -> None:
    told = bot.refused("sendMessage", **parameters)
    assert (told["error_code"], told["description"]) == (400, description)
    assert telegram.messages(1001) == []


def test_length_is_counted_after_markup(bot: BotClient) -> None:
    longest = "\\." * 4096
    sent = bot.call("sendMessage", chat_id=1001, text=longest, parse_mode="MarkdownV2")
    assert sent["text"] == "." * 4096
    place = {"chat_id": 1001, "message_id": sent["message_id"]}
    told = bot.refused("editMessageText", **place, text="a" * 4097)
    assert told["description"] == "Bad Request: MESSAGE_TOO_LONG"


def test_entities_may_come_beside_the_text(bot: BotClient) -> None:
    entities = [
        {"type": "italic", "offset": 2, "length": 2},
        {"type": "bot_command", "offset": 0, "length": 1},
        {"type": "text_link", "offset": 0, "length": 2, "url": "a.io"},
    ]
    sent = bot.call("sendMessage", chat_id=1001, text="\U0001f3df b", entities=entities)
    assert sent["entities"] == [
        {"type": "text_link", "offset": 0, "length": 2, "url": "http://a.io/"},
        {"type": "italic", "offset": 2, "length": 2},
    ]
    form = {"chat_id": 1001, "text": "ab", "entities": json.dumps(entities[:1])}
    assert bot.post("sendMessage", data=form).json()["ok"] is True
    entities[2]["url"] = "localhost"
    told = bot.refused(
        "sendMessage", chat_id=1001, text="\U0001f3df", entities=entities
    )
    assert told["description"].endswith(
        "entity URL 'localhost' is invalid: Wrong HTTP URL"
    )


def test_a_message_answers_another(bot: BotClient, telegram: TelegramControl) -> None:
    first = bot.call("sendMessage", chat_id=-1001, text="failed")
    answered = {"message_id": first["message_id"]}
    sent = bot.call(
        "sendMessage", chat_id=-1001, text="recovered", reply_parameters=answered
    )
    assert sent["reply_to_message"]["text"] == "failed"
    assert telegram.messages(-1001)[1].reply_to == first["message_id"]


def test_a_document_arrives_byte_by_byte(
    bot: BotClient, telegram: TelegramControl
) -> None:
    content = b"\r\n--not a boundary\r\n\0\xff" + bytes(range(256)) + b"\r\n"
    answer = bot.post(
        "sendDocument",
        data={"chat_id": "-1001", "caption": "*all*", "parse_mode": "MarkdownV2"},
        files={"document": ("отчёт.txt", content, "text/plain")},
    )
    told = answer.json()["result"]
    assert told["document"]["file_name"] == "отчёт.txt"
    assert told["document"]["file_size"] == len(content)
    assert told["caption_entities"] == [{"type": "bold", "offset": 0, "length": 3}]
    (shown,) = telegram.messages(-1001)
    assert shown.file is not None
    assert (shown.text, shown.file.mime_type) == ("all", "text/plain")
    assert telegram.content(shown.file.id) == content
    place = {"chat_id": -1001, "message_id": shown.id, "text": "x"}
    told = bot.refused("editMessageText", **place)
    assert told["description"] == "Bad Request: there is no text in the message to edit"


def test_a_photo_must_be_one(bot: BotClient, telegram: TelegramControl) -> None:
    def send(content: bytes, caption: str = "") -> requests.Response:
        said = {"chat_id": 1001, "caption": caption}
        return bot.post("sendPhoto", data=said, files={"photo": ("a.png", content)})

    (told,) = send(PNG).json()["result"]["photo"]
    assert (told["width"], told["height"], told["file_size"]) == (320, 200, len(PNG))
    for content, caption, complaint in (
        (b"GIF?", "", "IMAGE_PROCESS_FAILED"),
        (b"", "", "file must be non-empty"),
        (PNG, "a" * 1025, "message caption is too long"),
    ):
        assert send(content, caption).json() == {
            "ok": False,
            "error_code": 400,
            "description": f"Bad Request: {complaint}",
        }
    told = bot.refused("sendPhoto", chat_id=1001)
    assert told["description"] == "Bad Request: there is no photo in the request"
    assert [one.text for one in telegram.messages(1001)] == [""]


def test_a_message_of_a_topic_is_in_it_and_other_topics_are_refused(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.add_topic(-1001, 5)
    bot.call("sendMessage", chat_id=-1001, message_thread_id=5, text="a")
    bot.call("sendMessage", chat_id=-1001, text="b")
    for topic in (1, 6):  # what is for the general topic is sent without one
        told = bot.refused(
            "sendMessage", chat_id=-1001, message_thread_id=topic, text="c"
        )
        assert told["description"] == "Bad Request: message thread not found"
    shown = telegram.messages(-1001)
    assert [(one.text, one.thread) for one in shown] == [("a", 5), ("b", 0)]


def test_a_blocked_bot_is_forbidden_to_write(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.add_chat(-1000000000777)
    for chat, complaint in (
        (1001, "bot was blocked by the user"),
        (-1001, "bot was kicked from the group chat"),
        (-1000000000777, "bot was kicked from the supergroup chat"),
    ):
        telegram.block(chat)
        told = bot.refused("sendMessage", chat_id=chat, text="a")
        assert told["error_code"] == 403
        assert told["description"] == f"Forbidden: {complaint}"
        telegram.unblock(chat)
        bot.call("sendMessage", chat_id=chat, text="a")


def test_a_group_that_became_a_supergroup_tells_its_new_id(
    bot: BotClient, telegram: TelegramControl
) -> None:
    new = telegram.migrate(-1001)
    told = bot.refused("sendMessage", chat_id=-1001, text="a")
    assert told == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": new},
    }
    assert (
        bot.call("sendMessage", chat_id=new, text="a")["chat"]["type"] == "supergroup"
    )
    assert [type(one) for one in telegram.messages(new)] == [Message]


@pytest.mark.parametrize(
    ("token", "method", "code", "description"),
    [
        ("1:wrong", "getMe", 401, "Unauthorized"),
        ("", "getMe", 404, "Not Found"),
        ("nonsense", "getMe", 404, "Not Found"),
        (None, "getNothing", 404, "Not Found: method not found"),
        (None, "", 404, "Not Found"),
    ],
)
def test_a_wrong_token_or_method_is_told_apart(
    bot: BotClient, token: str | None, method: str, code: int, description: str
) -> None:
    bot.token = bot.token if token is None else token
    told = bot.refused(method)
    assert (told["error_code"], told["description"]) == (code, description)


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[1]", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/x-www-form-urlencoded", b"text=%ff&chat_id=1001", 400),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nx", 400),
    ],
)
def test_a_body_that_is_none_is_a_400(
    bot: BotClient, kind: str, body: bytes, code: int
) -> None:
    answer = bot.post("sendMessage", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["ok"]) == (code, False)


def test_a_body_may_come_in_chunks(bot: BotClient, telegram: TelegramControl) -> None:
    chunks = [b"chat_id=1001&", b"text=", b"a" * 4000]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(2):  # what follows on the connection is read too
        answer = bot.post("sendMessage", data=iter(chunks), headers=form)
        assert answer.json()["ok"] is True
    assert [len(one.text) for one in telegram.messages(1001)] == [4000, 4000]


@pytest.mark.parametrize(
    ("head", "body", "code"),
    [
        ("Transfer-Encoding: chunked", b"-5\r\n", 400),
        ("Transfer-Encoding: chunked", b"5\r\ntext=a\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked", b"0\r\nTrailer: x\r\n\r\n", 400),
        ("Transfer-Encoding: chunked", b"fffffff\r\n", 413),
        ("Transfer-Encoding: gzip", b"", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", b"0\r\n\r\n", 400),
        ("Content-Length: -5", b"", 400),
        ("Content-Length: 99999999", b"", 413),
    ],
)
def test_a_body_without_an_end_ends_the_connection(
    bot: BotClient, head: str, body: bytes, code: int
) -> None:
    host, _, port = bot.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        asked = f"POST /bot{bot.token}/getMe HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n"
        raw.sendall(asked.encode() + body)
        answer = b""
        while got := raw.recv(4096):
            answer += got
    assert answer.startswith(b"HTTP/1.1 %d " % code)
    assert b"Connection: close" in answer
