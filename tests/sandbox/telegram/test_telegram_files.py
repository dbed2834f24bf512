"""Files that people send and a bot gets, and those that it sends itself."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.control import ControlError
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.files import Document
from tests.kit.bot_client import BotClient

ANN, GROUP = 1001, -1001
MB = 1 << 20
DEADLINE = 20


def png(width: int, height: int) -> bytes:
    size = struct.pack(">II", width, height)
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size + bytes(32)


def jpeg(width: int, height: int) -> bytes:
    comment = b"\xff\xfe\0\5abc"
    return (
        b"\xff\xd8"
        + comment
        + b"\xff\xc0\0\x11\x08"
        + struct.pack(">HH", height, width)
    )


def received(bot: BotClient) -> dict[str, Any]:
    (update,) = bot.call("getUpdates")
    message: dict[str, Any] = update["message"]
    return message


def get(bot: BotClient, path: str) -> requests.Response:
    return bot.session.get(f"{bot.url}/file/bot{bot.token}/{path}", timeout=DEADLINE)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    file.write_bytes(b"id\r\n" + bytes(range(256)))
    return file


def test_a_bot_gets_the_document_that_a_person_sent(
    bot: BotClient, telegram: TelegramControl, csv: Path
) -> None:
    document = Document("заказы.csv", str(csv))
    telegram.say(ANN, ANN, "/publish", document=document)
    message = received(bot)
    told = message["document"]
    assert (message["caption"], "text" in message) == ("/publish", False)
    assert message["caption_entities"][0]["type"] == "bot_command"
    assert (told["file_name"], told["mime_type"]) == ("заказы.csv", "text/csv")
    assert told["file_size"] == csv.stat().st_size
    found = bot.call("getFile", file_id=told["file_id"])
    assert found["file_size"] == told["file_size"]
    assert found["file_path"].startswith("documents/")
    assert found["file_path"].endswith(".csv")
    assert get(bot, found["file_path"]).content == csv.read_bytes()
    assert telegram.answers()["file", 200] == 1


def test_a_name_and_a_type_are_only_what_the_client_says(
    bot: BotClient, telegram: TelegramControl, csv: Path
) -> None:
    name = "../../etc/cron.d/x\u202evsc.sh; rm -rf"
    telegram.say(ANN, ANN, "", document=Document(name, str(csv), mime_type="image/png"))
    message = received(bot)
    told = message["document"]
    assert (told["file_name"], told["mime_type"]) == (name, "image/png")
    assert "caption" not in message
    path = bot.call("getFile", file_id=told["file_id"])["file_path"]
    assert path.startswith("documents/file_")
    assert ".." not in path
    assert get(bot, path).content == csv.read_bytes()


def test_a_file_beyond_20_mb_can_be_told_of_but_not_got(
    bot: BotClient, telegram: TelegramControl, tmp_path: Path
) -> None:
    telegram.say(ANN, ANN, "", document=Document("a.csv", size=49 * MB))
    told = received(bot)["document"]
    assert told["file_size"] == 49 * MB
    refused = bot.refused("getFile", file_id=told["file_id"])
    assert refused["description"] == "Bad Request: file is too big"
    bot.call("getUpdates", offset=-1)
    largest = tmp_path / "b"
    largest.write_bytes(bytes(20 * MB))
    telegram.say(ANN, ANN, "", document=Document("b", str(largest)))
    (told,) = [one["message"] for one in bot.call("getUpdates", offset=-1)]
    path = bot.call("getFile", file_id=told["document"]["file_id"])["file_path"]
    assert len(get(bot, path).content) == 20 * MB


def test_a_link_lives_for_an_hour_and_can_be_asked_for_again(
    bot: BotClient, telegram: TelegramControl, csv: Path
) -> None:
    telegram.say(ANN, ANN, "", document=Document("a.csv", str(csv)))
    file = received(bot)["document"]["file_id"]
    path = bot.call("getFile", file_id=file)["file_path"]
    telegram.advance(3500)
    assert get(bot, path).status_code == 200
    telegram.advance(200)
    answer = get(bot, path)
    assert answer.status_code == 404
    assert answer.json() == {
        "ok": False,
        "error_code": 404,
        "description": "Not Found",
    }
    again = bot.call("getFile", file_id=file)["file_path"]
    assert get(bot, again).status_code == 200


def test_a_link_needs_the_token_and_leads_to_one_file_alone(
    bot: BotClient, telegram: TelegramControl, csv: Path
) -> None:
    telegram.say(ANN, ANN, "", document=Document("a.csv", str(csv)))
    file = received(bot)["document"]["file_id"]
    assert get(bot, "documents/file_1.csv").status_code == 404  # nobody asked yet
    path = bot.call("getFile", file_id=file)["file_path"]
    for wrong in (f"../{path}", "documents/", "/etc/passwd", path.upper()):
        assert get(bot, wrong).status_code == 404
    bot.token = "1:wrong"
    assert get(bot, path).status_code == 401


@pytest.mark.parametrize(
    ("file", "description"),
    [
        ("", "invalid file_id"),
        ("nonsense", "wrong file_id or the file is temporarily unavailable"),
    ],
)
def test_a_file_that_is_none_is_refused(
    bot: BotClient, file: str, description: str
) -> None:
    told = bot.refused("getFile", file_id=file)
    assert told["description"] == f"Bad Request: {description}"


def test_downloads_fail_as_told(
    bot: BotClient, telegram: TelegramControl, csv: Path
) -> None:
    telegram.say(ANN, ANN, "", document=Document("a.csv", str(csv)))
    file = received(bot)["document"]["file_id"]
    path = bot.call("getFile", file_id=file)["file_path"]
    telegram.cut_downloads()
    with pytest.raises(
        requests.exceptions.ChunkedEncodingError, match="IncompleteRead"
    ):
        get(bot, path)
    telegram.lose_answers(method="file")
    with pytest.raises(requests.ConnectionError):
        get(bot, path)
    telegram.fail(502, method="file")
    assert get(bot, path).status_code == 502
    telegram.fail(429, retry_after=3, method="getFile")
    assert bot.refused("getFile", file_id=file)["error_code"] == 429
    assert get(bot, path).content == csv.read_bytes()


def test_people_cannot_send_what_is_not_there(
    telegram: TelegramControl, tmp_path: Path
) -> None:
    with pytest.raises(ControlError, match="No such file"):
        telegram.say(ANN, ANN, "", document=Document("a", str(tmp_path / "a")))
    with pytest.raises(ControlError, match="empty document"):
        telegram.say(ANN, ANN, "", document=Document("a"))


def test_a_file_that_was_sent_can_be_sent_again_by_its_id(
    bot: BotClient, telegram: TelegramControl
) -> None:
    said = {"chat_id": GROUP}
    answer = bot.post("sendDocument", data=said, files={"document": ("a.csv", b"a,b")})
    file = answer.json()["result"]["document"]["file_id"]
    told = bot.call("sendDocument", chat_id=ANN, document=file)
    assert told["document"] == answer.json()["result"]["document"]
    (shown,) = telegram.messages(ANN)
    assert shown.file is not None
    assert telegram.content(shown.file.id) == b"a,b"
    for method, kind, named, why in (
        ("sendPhoto", "photo", file, "can't use file of type Document as Photo"),
        ("sendDocument", "document", "x", "wrong file identifier/HTTP URL specified"),
        (
            "sendDocument",
            "document",
            "https://x.example/a",
            "the sandbox takes a document as an upload or a file_id, not by a URL",
        ),
    ):
        refused = bot.refused(method, chat_id=ANN, **{kind: named})
        assert refused["description"] == f"Bad Request: {why}"


def test_an_upload_may_be_attached_under_another_name(
    bot: BotClient, telegram: TelegramControl
) -> None:
    said = {"chat_id": ANN, "document": "attach://x1"}
    answer = bot.post("sendDocument", data=said, files={"x1": ("a.csv", b"a,b")})
    assert answer.json()["result"]["document"]["file_name"] == "a.csv"
    answer = bot.post("sendDocument", data=said, files={"x2": ("a.csv", b"a,b")})
    assert answer.json()["description"].endswith("has no parameter x2")
    assert len(telegram.messages(ANN)) == 1


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        (png(640, 480), (640, 480)),
        (jpeg(640, 480), (640, 480)),
        (b"GIF89a" + struct.pack("<HH", 640, 480), (640, 480)),
        (b"BM" + bytes(16) + struct.pack("<ii", 640, 480), (640, 480)),
        (png(9_000, 1_000), (9_000, 1_000)),
        (png(9_001, 1_000), "PHOTO_INVALID_DIMENSIONS"),
        (png(2_100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (png(0, 0), "IMAGE_PROCESS_FAILED"),
        (b"\xff\xd8\xff", "IMAGE_PROCESS_FAILED"),
        (b"<svg/>", "IMAGE_PROCESS_FAILED"),
        (png(1, 1) + bytes(10 * MB), "too big: at most 10MB"),
    ],
)
def test_a_photo_has_a_size_that_telegram_takes(
    bot: BotClient, picture: bytes, size: tuple[int, int] | str
) -> None:
    files = {"photo": ("a", picture)}
    told = bot.post("sendPhoto", data={"chat_id": ANN}, files=files).json()
    if isinstance(size, str):
        assert (told["error_code"], told["description"].endswith(size)) == (400, True)
    else:
        (photo,) = told["result"]["photo"]
        assert (photo["width"], photo["height"]) == size


def test_a_document_of_50_mb_is_sent_and_no_larger_one(bot: BotClient) -> None:
    def send(size: int) -> int:
        files = {"document": ("a", bytes(size))}
        answer = bot.post("sendDocument", data={"chat_id": ANN}, files=files)
        return answer.status_code

    assert send(50 * MB) == 200
    assert send(50 * MB + 1) == 400
    assert send(51 * MB) == 413
