from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr
from test_alert_texts import NOTICE

from pipelines.alerts import TelegramChannel
from pipelines.alerts.channel import (
    Channel,
    ChannelBusyError,
    ChannelRefusedError,
    Receipt,
)
from pipelines.alerts.telegram.rate_limits import Limits
from pipelines.config import TelegramAddress
from tests.kit.bot_server import TOKEN, Answer, BotServer

GROWN = replace(NOTICE, headline="150 of 150 shards of LoadOrders 2019-03-14 failed")
OVER = replace(GROWN, recovered=True)
Connect = Callable[..., TelegramChannel]

COMPRESSED = {"Content-Encoding": "gzip"}
ME = Answer(raw=b'{"ok": true, "result": {"username": "bot"}}')
TAKEN = b'{"ok": true, "result": {"message_id": 1, "%s": 1}}' % (b"x" * (9 << 20))
LIES = {
    "a long answer": Answer(raw=b'{"ok": true, "result": "%s"}' % (b"x" * (2 << 20))),
    "a compressed one": Answer(raw=gzip.compress(TAKEN), headers=COMPRESSED),
    "one twice compressed": Answer(
        raw=gzip.compress(gzip.compress(TAKEN)),
        headers={"Content-Encoding": "gzip, gzip"},
    ),
    "one that leads elsewhere, compressed": Answer(
        302,
        raw=gzip.compress(bytes(50 << 20)),
        headers={**COMPRESSED, "Location": "http://127.0.0.1:1/"},
    ),
    "deep nesting": Answer(raw=b'{"ok":' * 100_000),
    "deep nesting in what is kept": Answer(
        raw=b'{"ok": true, "result": %s%s}' % (b"[" * 900, b"]" * 900)
    ),
    "no UTF-8": Answer(raw=b"\xff\xfe{\xff"),
    "a list": Answer(raw=b"[]"),
    "a list for a result": Answer(raw=b'{"ok": true, "result": [1]}'),
    "a text for a result": Answer(raw=b'{"ok": true, "result": "yes"}'),
    "no result": Answer(raw=b'{"ok": true}'),
    "no message_id": Answer(raw=b'{"ok": true, "result": {"message_id": null}}'),
    "a text for a message_id": Answer(
        raw=b'{"ok": true, "result": {"message_id": "17"}}'
    ),
    "a message_id of 400 digits": Answer(
        raw=b'{"ok": true, "result": {"message_id": %s}}' % (b"9" * 400)
    ),
    "infinity for a message_id": Answer(
        raw=b'{"ok": true, "result": {"message_id": 1e999}}'
    ),
}


class FastClock:
    """The time, which jumps ahead where somebody would wait."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += seconds
        self.waits.append(seconds)


@pytest.fixture
def bot() -> Iterator[BotServer]:
    with BotServer() as server:
        yield server


@pytest.fixture
def clock() -> FastClock:
    return FastClock()


@pytest.fixture
def connect(bot: BotServer, clock: FastClock) -> Connect:
    def made(*chats: str, token: str = TOKEN, api: str = "") -> TelegramChannel:
        address = TelegramAddress(SecretStr(token), chats or ("-100",), api or bot.url)
        return TelegramChannel(address, Limits(clock, clock.sleep))

    return made


@pytest.fixture
def soon(clock: FastClock) -> Callable[[], float]:
    return lambda: clock() + 30


def test_an_incident_is_one_message_that_is_edited_as_it_grows(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    channel: Channel = connect()
    receipt = channel.deliver(NOTICE, None, soon())
    for failed in range(39, 151):
        grown = replace(NOTICE, headline=f"{failed} of 150 shards failed")
        receipt = channel.deliver(grown, receipt, soon() + 60)
    (text,) = bot.texts()
    assert text.startswith("🔴 #17 150 of 150 shards failed\n")
    assert bot.methods() == ["sendMessage"] + ["editMessageText"] * 112


def test_another_process_edits_what_one_sent(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    receipt = connect().deliver(NOTICE, None, soon())
    kept = Receipt(str(receipt.reference))
    connect().deliver(GROWN, kept, soon())
    assert len(bot.texts()) == 1


def test_what_is_shown_already_is_not_sent_again(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    channel = connect()
    receipt = channel.deliver(NOTICE, None, soon())
    assert channel.deliver(NOTICE, receipt, soon()) == receipt
    assert bot.methods() == ["sendMessage"]


def test_a_recovery_is_a_message_of_its_own_that_replies_to_the_incident(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    channel = connect()
    receipt = channel.deliver(NOTICE, None, soon())
    receipt = channel.deliver(OVER, receipt, soon())
    assert channel.deliver(OVER, receipt, soon()) == receipt
    (_, first), (_, second) = bot.messages.items()
    assert first["shown"].startswith("🔴 #17 38 of")
    assert second["shown"].startswith("🟢 #17 recovered: 150 of")
    assert second["reply_to"] == 1


def test_a_recovery_of_an_incident_that_nobody_saw_replies_to_nothing(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    connect().deliver(OVER, None, soon())
    assert bot.messages["-100", 1]["reply_to"] is None


def test_a_notice_that_is_silent_makes_no_sound_nor_does_its_file(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    long = replace(NOTICE, cause="x" * 20_000, silent=True)
    connect().deliver(long, None, soon())
    sent = [asked for method, asked in bot.calls if method == "sendMessage"]
    assert [asked["disable_notification"] for asked in sent] == [True] * len(sent)
    (file,) = bot.files
    assert b'name="disable_notification"\r\n\r\nTrue\r\n' in file


def test_every_chat_is_told_and_edited(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    channel = connect("-100", "7", "@ops")
    receipt = channel.deliver(NOTICE, None, soon())
    channel.deliver(GROWN, receipt, soon())
    for chat in ("-100", "7", "@ops"):
        (text,) = bot.texts(chat)
        assert "150 of 150" in text


def test_a_flood_is_waited_out_as_long_as_telegram_asks(
    bot: BotServer, connect: Connect, clock: FastClock, soon: Callable[[], float]
) -> None:
    bot.next += [Answer(429, "Too Many Requests", {"retry_after": 7})] * 2
    connect().deliver(NOTICE, None, soon())
    assert [round(wait, 1) for wait in clock.waits] == [7.1, 7.1]
    assert len(bot.texts()) == 1


def test_a_flood_that_outlasts_the_deadline_is_left_to_later(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    bot.next.append(Answer(429, "Too Many Requests", {"retry_after": 300}))
    channel = connect()
    with pytest.raises(ChannelBusyError) as raised:
        channel.deliver(NOTICE, None, soon())
    assert 299 < raised.value.retry_after <= 300.1
    with pytest.raises(ChannelBusyError):
        channel.deliver(NOTICE, None, soon())
    assert bot.methods() == ["sendMessage"], "the chat is left alone"


def test_a_chat_that_is_busy_does_not_keep_the_others_from_being_told(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    bot.next.append(Answer(429, "Too Many Requests", {"retry_after": 300}))
    channel = connect("-100", "7")
    with pytest.raises(ChannelBusyError) as raised:
        channel.deliver(NOTICE, None, soon())
    assert len(bot.texts("7")) == 1
    connect("-100", "7").deliver(NOTICE, raised.value.receipt, soon())
    assert len(bot.texts("7")) == 1
    assert len(bot.texts("-100")) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("raw", [None, b"<html>Bad Gateway</html>"])
def test_a_server_that_fails_is_left_to_later(
    bot: BotServer,
    connect: Connect,
    soon: Callable[[], float],
    status: int,
    raw: bytes | None,
) -> None:
    bot.next.append(Answer(status, "Internal Server Error", raw=raw))
    channel = connect()
    with pytest.raises(ChannelBusyError) as raised:
        channel.deliver(NOTICE, None, soon())
    assert str(status) in str(raised.value)
    assert 0 < raised.value.retry_after <= 2
    channel.deliver(NOTICE, raised.value.receipt, soon())
    assert len(bot.texts()) == 1


@pytest.mark.parametrize(
    "slow", [Answer(hangs=True), Answer(drips=True)], ids=["silent", "octet by octet"]
)
def test_no_answer_keeps_a_caller_beyond_its_deadline(
    bot: BotServer, connect: Connect, clock: FastClock, slow: Answer
) -> None:
    bot.next.append(slow)
    with pytest.raises(ChannelBusyError, match="did not answer in time"):
        connect().deliver(NOTICE, None, clock() + 0.4)
    assert not bot.released.is_set(), "the server was still at it"


def test_a_server_that_drips_is_let_go_of(
    bot: BotServer, connect: Connect, clock: FastClock
) -> None:
    bot.next.append(Answer(drips=True))
    at_work = set(threading.enumerate())
    with pytest.raises(ChannelBusyError, match="did not answer in time"):
        connect().deliver(NOTICE, None, clock() + 0.4)
    for thread in set(threading.enumerate()) - at_work:
        if "process_request" not in thread.name:  # the server's own
            thread.join(20)
            assert not thread.is_alive()
    assert not bot.released.is_set(), "the server was still at it"


@pytest.mark.parametrize("said", [*LIES.values()], ids=[*LIES])
def test_what_no_bot_api_answers_is_one_line_about_the_server(
    bot: BotServer, connect: Connect, soon: Callable[[], float], said: Answer
) -> None:
    bot.next.append(said)
    with pytest.raises(ChannelRefusedError, match="is not a Bot API") as raised:
        connect().deliver(NOTICE, None, soon())
    assert str(raised.value).isprintable()
    assert bot.url.removeprefix("http://") in str(raised.value)
    for method in ("getMe", "getChat"):
        bot.next.extend([said] if method == "getMe" else [ME, said])
        if "message_id" not in str(said.raw):
            with pytest.raises(ChannelRefusedError, match="is not a Bot API"):
                connect().check()
        bot.next.clear()


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("9" * 400, 3_600),
        ("1e999", 3_600),
        ("90000", 3_600),
        ("NaN", 30),
        ("-5", 1),
        ("[1]", 30),
        ('"soon"', 30),
        ('{"a": 1}', 30),
        ("null", 30),
    ],
)
def test_no_flood_is_waited_out_for_longer_than_an_hour(
    bot: BotServer,
    connect: Connect,
    clock: FastClock,
    soon: Callable[[], float],
    asked: str,
    waited: float,
) -> None:
    told = f'{{"ok": false, "parameters": {{"retry_after": {asked}}}}}'
    bot.next.append(Answer(429, raw=told.encode()))
    connect().deliver(NOTICE, None, soon() + 7_200)
    assert [round(seconds) for seconds in clock.waits] == [waited]


@pytest.mark.parametrize("moved", ['"-7"', "[1]", "9" * 400, "1.5", "true"])
def test_a_group_does_not_move_to_what_is_no_chat(
    bot: BotServer, connect: Connect, soon: Callable[[], float], moved: str
) -> None:
    told = f'{{"ok": false, "parameters": {{"migrate_to_chat_id": {moved}}}}}'
    bot.next.append(Answer(400, raw=told.encode()))
    with pytest.raises(ChannelRefusedError):
        connect().deliver(NOTICE, None, soon())
    assert len(bot.calls) == 1


def test_a_check_is_told_of_a_refusal_that_only_messages_get(
    bot: BotServer, connect: Connect
) -> None:
    for told in (
        {"description": "message is too long"},
        {"parameters": {"migrate_to_chat_id": -7}},
    ):
        bot.next.append(Answer(400, **told))
        with pytest.raises(ChannelRefusedError):
            connect().check()


def test_nothing_is_sent_after_the_deadline(
    bot: BotServer, connect: Connect, clock: FastClock
) -> None:
    with pytest.raises(ChannelBusyError):
        connect().deliver(NOTICE, None, clock() - 1)
    assert bot.calls == []


def test_an_answer_that_was_lost_leads_to_a_copy_with_the_same_number(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    bot.next.append(Answer(502, "Bad Gateway", does_it=True))
    channel = connect()
    with pytest.raises(ChannelBusyError) as raised:
        channel.deliver(NOTICE, None, soon())
    channel.deliver(NOTICE, raised.value.receipt, soon())
    assert ["#17" in text for text in bot.texts()] == [True, True]


def test_a_server_that_is_not_there_is_left_to_later(
    connect: Connect, soon: Callable[[], float]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ChannelBusyError, match="Connection refused"):
        connect(api=f"http://127.0.0.1:{port}").deliver(NOTICE, None, soon())


def test_markup_that_is_refused_is_sent_once_more_as_plain_text(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    bot.next.append(Answer(400, "Bad Request: can't parse entities: unexpected"))
    connect().deliver(NOTICE, None, soon())
    (text,) = bot.texts()
    assert "mssql_0, then `shardline run orders`" in text
    assert "parse_mode" not in bot.calls[-1][1]


def test_markup_that_is_refused_in_an_edit_is_plain_text_too(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    channel = connect()
    receipt = channel.deliver(NOTICE, None, soon())
    bot.next.append(Answer(400, "Bad Request: can't parse entities: unexpected"))
    channel.deliver(GROWN, receipt, soon())
    assert ["150 of 150" in text for text in bot.texts()] == [True]


def test_a_message_that_is_too_long_after_all_is_split_further(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    bot.next.append(Answer(400, "Bad Request: message is too long"))
    cause = "x" * 3_000
    connect().deliver(replace(NOTICE, cause=cause), None, soon())
    assert len(bot.texts()) == 2
    assert sum(text.count("x") for text in bot.texts()) == 3_000


def test_a_long_cause_is_split_and_its_parts_are_edited(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    channel = connect()
    cause = "\n".join(f"line {n} of the *trace*" for n in range(300))
    receipt = channel.deliver(replace(NOTICE, cause=cause), None, soon())
    assert len(bot.texts()) == 2
    receipt = channel.deliver(replace(GROWN, cause=cause), receipt, soon())
    assert len(bot.texts()) == 2
    assert bot.methods().count("editMessageText") == 1, "the second part is the same"
    channel.deliver(GROWN, receipt, soon())
    assert bot.texts()[1] == "#17 has become shorter"


def test_a_cause_that_fills_many_messages_is_a_file_beside_one(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    channel = connect()
    endless = replace(NOTICE, cause="\n".join(f"line {n}" for n in range(20_000)))
    receipt = channel.deliver(endless, None, soon())
    (text,) = bot.texts()
    assert "since 02:14" in text
    (file,) = bot.files
    assert b'filename="incident-17.txt"' in file
    assert b"line 19999" in file
    channel.deliver(replace(endless, headline="more"), receipt, soon())
    assert len(bot.files) == 1


def test_a_file_that_is_refused_loses_no_alert(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    bot.next += [
        Answer(does_it=True, raw=b'{"ok": true, "result": {"message_id": 1}}'),
        Answer(400, "Bad Request: not enough rights to send documents to the chat"),
    ]
    connect().deliver(replace(NOTICE, cause="x" * 99_999), None, soon())
    assert len(bot.texts()) == 1


def test_an_edit_that_changes_nothing_is_fine(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    channel = connect()
    before = channel.deliver(NOTICE, None, soon())
    channel.deliver(GROWN, before, soon())
    # As after a crash between the edit and the record of it.
    channel.deliver(GROWN, before, soon())
    assert len(bot.texts()) == 1


@pytest.mark.parametrize(
    "told",
    [
        "Bad Request: message to edit not found",
        "Bad Request: message can't be edited",
        "Bad Request: MESSAGE_ID_INVALID",
    ],
)
def test_a_message_that_cannot_be_edited_any_more_is_sent_anew(
    bot: BotServer, connect: Connect, soon: Callable[[], float], told: str
) -> None:
    channel = connect()
    receipt = channel.deliver(NOTICE, None, soon())
    bot.next.append(Answer(400, told))
    receipt = channel.deliver(GROWN, receipt, soon())
    assert len(bot.texts()) == 2
    channel.deliver(NOTICE, receipt, soon())
    assert bot.calls[-1][1]["message_id"] == 2


def test_a_group_that_became_a_supergroup_is_followed(
    bot: BotServer,
    connect: Connect,
    soon: Callable[[], float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    channel = connect()
    receipt = channel.deliver(NOTICE, None, soon())
    bot.chats = {"-1009"}
    bot.messages["-1009", 1] = {"text": "another", "shown": "another"}
    bot.next.append(
        Answer(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            {"migrate_to_chat_id": -1009},
        )
    )
    receipt = channel.deliver(GROWN, receipt, soon())
    assert len(bot.texts("-1009")) == 2
    assert bot.texts("-1009")[0] == "another", "ids mean other messages there"
    assert "telegram chat -100 is -1009 now; correct the chats" in caplog.text
    receipt = connect().deliver(NOTICE, receipt, soon())
    # And when the configuration has been corrected.
    connect("-1009").deliver(GROWN, receipt, soon())
    assert len(bot.texts("-1009")) == 2


@pytest.mark.parametrize(
    ("status", "told", "step"),
    [
        (401, "Unauthorized", "correct the token of the telegram connection"),
        (404, "Not Found", "correct the token of the telegram connection"),
        (403, "Forbidden: bot was blocked by the user", "correct the chats"),
        (403, "Forbidden: bot was kicked from the group chat", "correct the chats"),
        (400, "Bad Request: chat not found", "correct the chats"),
        (400, "Bad Request: not enough rights to send text messages", "write there"),
    ],
)
def test_what_somebody_must_correct_is_named(
    bot: BotServer,
    connect: Connect,
    soon: Callable[[], float],
    status: int,
    told: str,
    step: str,
) -> None:
    bot.next.append(Answer(status, told))
    with pytest.raises(ChannelRefusedError) as raised:
        connect().deliver(NOTICE, None, soon())
    assert told in str(raised.value)
    assert step in str(raised.value)
    assert len(bot.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, raw=b"<html>no such page</html>"),
        Answer(302, raw=b"", headers={"Location": "https://example.com/"}),
        Answer(200, raw=b"welcome"),
    ],
)
def test_what_is_no_bot_api_is_told(
    bot: BotServer, connect: Connect, soon: Callable[[], float], answer: Answer
) -> None:
    bot.next.append(answer)
    with pytest.raises(ChannelRefusedError, match="correct the api option"):
        connect().deliver(NOTICE, None, soon())


@pytest.mark.parametrize("api", ["api.telegram.org", "http://[", "ftp://127.0.0.1", ""])
def test_an_api_that_is_no_address_is_told(api: str) -> None:
    channel = TelegramChannel(TelegramAddress(SecretStr(TOKEN), ("7",), api))
    with pytest.raises(ChannelRefusedError, match="correct the api option"):
        channel.deliver(NOTICE, None, time.monotonic() + 30)


def test_a_closed_chat_is_told_once_in_the_log_if_another_took_it(
    bot: BotServer,
    connect: Connect,
    soon: Callable[[], float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    channel = connect("-666", "7")
    receipt = channel.deliver(NOTICE, None, soon())
    channel.deliver(GROWN, receipt, soon())
    assert len(bot.texts("7")) == 1
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "telegram chat -666: the bot may not write" in warnings[0].getMessage()


def test_a_receipt_of_another_channel_does_not_lose_an_alert(
    bot: BotServer, connect: Connect, soon: Callable[[], float]
) -> None:
    connect().deliver(NOTICE, Receipt("<17@mail>"), soon())
    assert len(bot.texts()) == 1


def test_a_bot_without_chats_is_told() -> None:
    channel = TelegramChannel(TelegramAddress(SecretStr(TOKEN), ()))
    with pytest.raises(ChannelRefusedError, match="add chats"):
        channel.deliver(NOTICE, None, time.monotonic() + 30)


def test_a_check_names_the_bot_and_its_chats_and_sends_nothing(
    bot: BotServer, connect: Connect
) -> None:
    assert connect().check() == "@shardline_bot writes to Data on call"
    assert bot.methods() == ["getMe", "getChat"]


def test_a_check_finds_a_wrong_token_and_a_wrong_chat(
    bot: BotServer, connect: Connect
) -> None:
    with pytest.raises(ChannelRefusedError, match="correct the token"):
        connect(token="1:wrong").check()
    with pytest.raises(ChannelRefusedError, match=r"chat -666.*chat not found"):
        connect("-666").check()
    bot.next += [
        Answer(200, raw=b'{"ok": true, "result": {}}'),
        Answer(400, "Bad Request: upgraded", {"migrate_to_chat_id": -1009}),
    ]
    with pytest.raises(ChannelRefusedError, match="it is -1009 now"):
        connect().check()
    bot.next.append(Answer(429, "Too Many Requests", {"retry_after": 9}))
    with pytest.raises(ChannelBusyError):
        connect().check()
