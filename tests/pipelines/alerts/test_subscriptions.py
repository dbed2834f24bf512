"""Who hears of incidents besides the configured chats, and what becomes of the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from test_alert_telegram import FastClock

from pipelines.alerts import (
    Sender,
    TelegramChannel,
    Topic,
    acknowledge_incident,
    list_subscriptions,
    mute_incident,
    subscribe,
    unmute_incident,
    unsubscribe,
)
from pipelines.alerts.channel import ChannelRefusedError
from pipelines.alerts.incidents import close_incidents
from pipelines.alerts.sending.deliveries import anything_undelivered
from pipelines.alerts.telegram.rate_limits import Limits
from pipelines.config import Settings, TelegramAddress
from pipelines.errors import ConfigurationError
from pipelines.etl_db import etl_engine, incidents_table, now_for_all
from tests.kit.bot_server import TOKEN, Answer, BotServer
from tests.kit.filed_alerts import Scripted, append, failed, options

PERSON, FORUM = "telegram:7", "telegram:-200/5"
REFUSED = ChannelRefusedError("kicked out of the chat")


@pytest.fixture
def settings(costly_etl_database: str) -> Settings:
    return options(costly_etl_database)


@pytest.fixture
def engine(settings: Settings) -> sa.Engine:
    return etl_engine(settings.sessions.database)


@pytest.fixture
def bot() -> Iterator[BotServer]:
    with BotServer() as server:
        server.chats.add("-200")
        server.topics["-200"] = {5}
        yield server


def telegram(bot: BotServer, *chats: str) -> TelegramChannel:
    clock = FastClock()
    address = TelegramAddress(SecretStr(TOKEN), chats or ("-100",), bot.url)
    return TelegramChannel(address, Limits(clock, clock.sleep))


@pytest.fixture
def drain(settings: Settings, engine: sa.Engine, bot: BotServer) -> Callable[[], bool]:
    """Send what there is to Telegram, as another process each time."""

    def drained() -> bool:
        sender = Sender(settings, engine, [telegram(bot)])
        return sender.drain(time.monotonic() + 60)

    return drained


def want(engine: sa.Engine, place: str, subject: str = "") -> None:
    with engine.begin() as connection:
        subscribe(connection, place, Topic.INCIDENTS, subject, "telegram:1")


def want_no_more(engine: sa.Engine, place: str, subject: str = "") -> None:
    with engine.begin() as connection:
        unsubscribe(connection, place, Topic.INCIDENTS, subject)


def heads(bot: BotServer, chat: str) -> list[str]:
    return [text.partition(" of ")[0] for text in bot.texts(chat)]


def recover(engine: sa.Engine, *numbers: int) -> None:
    with engine.begin() as connection:
        close_incidents(connection, numbers)


def test_what_is_subscribed_to_is_listed_once(engine: sa.Engine) -> None:
    want(engine, PERSON, "orders")
    want(engine, PERSON, "orders")
    want(engine, FORUM)
    want(engine, "telegram:-300/1")
    found = list_subscriptions(engine)
    assert [(one.place, one.subject) for one in found] == [
        (PERSON, "orders"),
        (FORUM, ""),
        ("telegram:-300", ""),
    ]
    (one,) = list_subscriptions(engine, "telegram:-300/1")
    assert (one.topic, one.identity) == (Topic.INCIDENTS, "telegram:1")
    want_no_more(engine, FORUM)
    want_no_more(engine, "telegram:-300/1")
    for place, subject in ((FORUM, ""), (PERSON, ""), (PERSON, "rates")):
        with pytest.raises(ConfigurationError, match="has no subscription"):
            want_no_more(engine, place, subject)
    assert list_subscriptions(engine, FORUM) == []


@pytest.mark.parametrize(
    "place",
    [
        *("host:pts/1", "telegram:", "telegram:@name", "telegram:0", "telegram:--1"),
        *("telegram:7/", "telegram:7/0", "telegram:7/5/5", "mail:a@example.com", "7"),
        *("telegram:7\n", "telegram:\u0667"),
    ],
)
def test_nothing_is_told_where_no_chat_is(engine: sa.Engine, place: str) -> None:
    with pytest.raises(ConfigurationError, match="nothing can be told at"):
        want(engine, place)


def test_who_subscribed_hears_of_what_fits_in_the_topic_that_was_named(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    want(engine, FORUM, "orders")
    want(engine, PERSON, "rates")
    append(settings, failed(settings, "abakan"))
    assert drain()
    append(settings, failed(settings, "chita"))
    assert drain()
    recover(engine, 1)
    assert drain()
    assert heads(bot, "-100") == heads(bot, "-200") == ["🔴 #1 2", "🟢 #1 recovered: 2"]
    assert bot.texts("7") == []
    sent = [a for m, a in bot.calls if m == "sendMessage" and a["chat_id"] == "-200"]
    assert [asked["message_thread_id"] for asked in sent] == [5, 5]
    first, second = (m for at, m in bot.messages.items() if at[0] == "-200")
    assert bot.messages["-200", second["reply_to"]] is first
    others = [asked for _, asked in bot.calls if asked["chat_id"] == "-100"]
    assert not any("message_thread_id" in asked for asked in others)


def test_an_incident_of_several_subjects_is_told_to_those_of_each(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    want(engine, PERSON, "rates")
    want(engine, PERSON)
    want(engine, FORUM, "orders")
    append(settings, failed(settings, "abakan"))
    append(settings, replace(failed(settings, "chita"), subject="rates"))
    assert drain()
    assert heads(bot, "7") == heads(bot, "-200") == ["🔴 #1 2"]


def test_a_configured_chat_that_subscribes_is_told_once(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    want(engine, "telegram:-100")
    append(settings, failed(settings, "abakan"))
    assert drain()
    assert len(bot.texts()) == 1


def test_a_subscription_that_ends_stops_what_is_told_there(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    want(engine, PERSON)
    append(settings, failed(settings, "abakan"))
    assert drain()
    want_no_more(engine, PERSON)
    append(settings, failed(settings, "chita"))
    assert drain()
    recover(engine, 1)
    assert drain()
    assert heads(bot, "7") == ["🔴 #1 1"]
    assert len(heads(bot, "-100")) == 2


def test_a_subscription_counts_from_the_next_change_on_but_not_for_an_end(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    append(settings, failed(settings, "abakan", family="LoadRates"))
    assert drain()
    want(engine, PERSON)
    append(settings, failed(settings, "chita"))
    assert drain()
    recover(engine, 1, 2)
    assert drain()
    assert len(heads(bot, "-100")) == 4
    assert len(heads(bot, "7")) == 2


def test_a_chat_that_is_closed_to_the_bot_holds_up_nobody(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    for place in ("telegram:1", "telegram:9", PERSON, "telegram:-200/6"):
        want(engine, place)
    append(settings, failed(settings, "abakan"))
    assert drain()
    append(settings, failed(settings, "chita"))
    assert drain()
    assert heads(bot, "-100") == heads(bot, "7") == ["🔴 #1 2"]
    assert bot.texts("-200") == []
    assert not anything_undelivered(engine)


def test_a_chat_that_is_flooded_holds_up_nobody_and_is_told_later(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    want(engine, PERSON)
    append(settings, failed(settings, "abakan"))
    bot.next += [
        Answer(does_it=True, raw=b'{"ok": true, "result": {"message_id": 1}}'),
        Answer(429, "Too Many Requests", {"retry_after": 3_000}),
    ]
    assert drain()
    assert (heads(bot, "-100"), heads(bot, "7")) == (["🔴 #1 1"], [])
    assert not anything_undelivered(engine)
    assert drain()
    assert heads(bot, "7") == ["🔴 #1 1"]
    silent = [asked.get("disable_notification") for _, asked in bot.calls]
    assert silent == [None, None, None]


def test_an_edit_that_a_flooded_chat_lacks_is_told_later(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    want(engine, PERSON)
    append(settings, failed(settings, "abakan"))
    assert drain()
    with engine.begin() as connection:
        acknowledge_incident(connection, 1, "Anna")
    bot.next += [
        Answer(does_it=True, raw=b'{"ok": true, "result": true}'),
        Answer(429, "Too Many Requests", {"retry_after": 3_000}),
    ]
    assert drain()
    assert ["Anna" in bot.texts(chat)[0] for chat in ("-100", "7")] == [True, False]
    assert drain()
    assert "Anna" in bot.texts("7")[0]


def test_an_end_that_a_flooded_chat_lacks_is_told_later(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    want(engine, PERSON)
    append(settings, failed(settings, "abakan"))
    assert drain()
    recover(engine, 1)
    bot.next += [
        Answer(does_it=True, raw=b'{"ok": true, "result": {"message_id": 3}}'),
        Answer(429, "Too Many Requests", {"retry_after": 3_000}),
    ]
    assert drain()
    assert drain()
    assert drain()
    assert len(bot.texts("-100")) == len(bot.texts("7")) == 2
    assert not anything_undelivered(engine)


def test_where_the_server_fails_it_is_told_by_the_next_sender(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    want(engine, PERSON)
    append(settings, failed(settings, "abakan"))
    bot.next += [
        Answer(does_it=True, raw=b'{"ok": true, "result": {"message_id": 1}}'),
        Answer(500, "Internal Server Error"),
    ]
    assert drain()
    assert heads(bot, "7") == []
    assert drain()
    assert heads(bot, "7") == ["🔴 #1 1"]


def test_who_subscribed_is_told_by_telegram_though_another_channel_goes_first(
    settings: Settings, engine: sa.Engine, bot: BotServer
) -> None:
    want(engine, PERSON)
    append(settings, failed(settings, "abakan"))
    mail = Scripted("mail")
    assert Sender(settings, engine, [mail, telegram(bot)]).drain()
    with engine.begin() as connection:
        acknowledge_incident(connection, 1, "Anna")
    assert Sender(settings, engine, [mail, telegram(bot)]).drain()
    (text,) = bot.texts("7")
    assert "acknowledged by Anna" in text
    assert (len(mail.taken), bot.texts()) == (1, [])


def test_while_nobody_on_call_is_reached_who_subscribed_is_told_once(
    settings: Settings, engine: sa.Engine, bot: BotServer
) -> None:
    want(engine, PERSON)
    append(settings, failed(settings, "abakan"))
    bot.chats.discard("-100")
    for _ in range(2):
        assert not Sender(settings, engine, [telegram(bot)]).drain()
    assert len(bot.texts("7")) == 1
    bot.chats.add("-100")
    assert Sender(settings, engine, [telegram(bot)]).drain()
    assert len(bot.texts("7")) == len(bot.texts()) == 1


def test_a_mute_is_one_for_who_subscribed_too(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    want(engine, PERSON)
    append(settings, failed(settings, "abakan"))
    assert drain()
    want(engine, FORUM)
    now = now_for_all(settings.sessions.database)
    with engine.begin() as connection:
        mute_incident(connection, 1, "Boris", now + timedelta(hours=6))
    assert drain()
    (text,) = bot.texts("7")
    assert "muted until" in text
    assert bot.texts("-200") == []
    with engine.begin() as connection:
        connection.execute(sa.update(incidents_table).values(muted_until=now))
    assert drain()
    assert [len(bot.texts(chat)) for chat in ("-100", "7", "-200")] == [2, 2, 1]


def test_what_only_who_subscribed_has_read_is_told_the_others_after_a_mute(
    settings: Settings, engine: sa.Engine, bot: BotServer
) -> None:
    want(engine, PERSON)
    append(settings, failed(settings, "abakan"))
    mail = Scripted("mail")
    assert Sender(settings, engine, [mail, telegram(bot)]).drain()
    until = now_for_all(settings.sessions.database) + timedelta(hours=6)
    with engine.begin() as connection:
        mute_incident(connection, 1, "Boris", until)
    append(settings, failed(settings, "chita"))
    assert Sender(settings, engine, [mail, telegram(bot)]).drain()
    assert heads(bot, "7") == ["🔴 #1 2"]
    with engine.begin() as connection:
        unmute_incident(connection, 1)
    assert Sender(settings, engine, [mail, telegram(bot)]).drain()
    told = [notice.headline[:2] for notice, _ in mail.taken]
    assert told == ["1 ", "2 "]
