"""Mutes: what they cover, and what is told while they last and when they are over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from test_alert_telegram import FastClock

from pipelines.alerts import (
    Incident,
    Lease,
    Sender,
    TelegramChannel,
    acknowledge_incident,
    end_mutes,
    list_incidents,
    mute_incident,
    unmute_incident,
)
from pipelines.alerts.channel import ChannelRefusedError
from pipelines.alerts.incidents import VARIOUS, close_incidents
from pipelines.alerts.telegram.rate_limits import Limits
from pipelines.config import Settings, TelegramAddress
from pipelines.errors import ConfigurationError
from pipelines.etl_db import etl_engine, incidents_table
from tests.kit.bot_server import TOKEN, Answer, BotServer
from tests.kit.filed_alerts import NIGHT, Scripted, append, failed, options

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
        yield server


def telegram(bot: BotServer, *chats: str, clock: FastClock) -> TelegramChannel:
    address = TelegramAddress(SecretStr(TOKEN), chats or ("-100",), bot.url)
    return TelegramChannel(address, Limits(clock, clock.sleep))


@pytest.fixture
def drain(settings: Settings, engine: sa.Engine, bot: BotServer) -> Callable[[], bool]:
    """Send what there is to Telegram, as another process each time."""

    def drained() -> bool:
        channel = telegram(bot, clock=FastClock())
        return Sender(settings, engine, [channel]).drain(time.monotonic() + 60)

    return drained


def mute(engine: sa.Engine, number: int) -> None:
    until = datetime.now(UTC) + timedelta(days=20)
    with engine.begin() as connection:
        mute_incident(connection, number, "Boris", until)


def unmute(engine: sa.Engine, number: int) -> None:
    with engine.begin() as connection:
        unmute_incident(connection, number)


def recover(engine: sa.Engine, *numbers: int) -> None:
    with engine.begin() as connection:
        close_incidents(connection, numbers)


def let_mutes_pass(engine: sa.Engine) -> None:
    """What passing time does."""
    past = datetime.now(UTC) - timedelta(milliseconds=1)
    with engine.begin() as connection:
        connection.execute(sa.update(incidents_table).values(muted_until=past))


def see_that_mutes_are_over(engine: sa.Engine) -> None:
    """What `shardline incidents list` does, too."""
    lease = Lease(engine, 60)
    assert lease.take()
    end_mutes(lease)
    lease.release()


def numbered(engine: sa.Engine, number: int) -> Incident:
    found = list_incidents(engine, also_closed=True)
    return next(incident for incident in found if incident.number == number)


def recoveries(channel: Scripted) -> list[bool]:
    return [notice.recovered for notice, _ in channel.taken]


def sounds(bot: BotServer) -> list[bool]:
    sent = [asked for method, asked in bot.calls if method == "sendMessage"]
    return [not asked.get("disable_notification") for asked in sent]


def test_what_recovers_before_it_is_told_anew_is_told_where_it_was_shown(
    settings: Settings, engine: sa.Engine
) -> None:
    chat, mail = Scripted("chat", [REFUSED]), Scripted("mail")
    append(settings, failed(settings, "abakan"))
    assert Sender(settings, engine, [chat, mail]).drain()
    mute(engine, 1)
    let_mutes_pass(engine)
    see_that_mutes_are_over(engine)
    recover(engine, 1)
    assert Sender(settings, engine, [chat, mail]).drain()
    assert (recoveries(chat), recoveries(mail)) == ([], [False, True])


def test_a_message_anew_is_sent_once_in_each_chat_though_one_is_flooded(
    settings: Settings, engine: sa.Engine, bot: BotServer
) -> None:
    def drained() -> bool:
        channel = telegram(bot, "-100", "-200", clock=FastClock())
        return Sender(settings, engine, [channel]).drain(time.monotonic() + 60)

    append(settings, failed(settings, "abakan"))
    assert drained()
    mute(engine, 1)
    assert drained()
    let_mutes_pass(engine)
    flood = Answer(429, "Too Many Requests", {"retry_after": 3_000})
    sent = b'{"ok": true, "result": {"message_id": 99}}'
    bot.next += [Answer(does_it=True, raw=sent), flood]
    assert not drained()
    assert drained()
    assert [len(bot.texts(chat)) for chat in ("-100", "-200")] == [2, 2]


def test_what_recovers_while_it_is_muted_is_told_without_a_sound_however_late(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    recover(engine, 1)
    time_of_mute = numbered(engine, 1).closed
    assert time_of_mute
    with engine.begin() as connection:
        passed = sa.update(incidents_table).values(
            closed=time_of_mute - timedelta(hours=2),
            muted_until=time_of_mute - timedelta(hours=1),
        )
        connection.execute(passed)
    assert drain()
    assert sounds(bot) == [True, False]


def test_a_mute_is_taken_back_for_all_nights_of_its_row(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    next_night = NIGHT + timedelta(days=1)
    append(settings, failed(settings, "chita", happened=next_night))
    assert drain()
    unmute(engine, 1)
    assert drain()
    assert [text[2:4] for text in bot.texts()] == ["#1", "#2"]
    assert not numbered(engine, 2).muted


def test_a_mute_of_an_older_night_is_inherited_too(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    for night, shard in enumerate(("abakan", "chita")):
        happened = NIGHT + timedelta(days=night)
        append(settings, failed(settings, shard, happened=happened))
        assert drain()
    mute(engine, 1)
    append(settings, failed(settings, "kazan", happened=NIGHT + timedelta(days=2)))
    assert drain()
    assert len(bot.texts()) == 2
    assert numbered(engine, 3).muted


def test_the_mute_of_an_incident_that_is_over_can_be_taken_back(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    recover(engine, 1)
    assert drain()
    unmute(engine, 1)
    with pytest.raises(ConfigurationError, match="no incident #1 is open"):
        unmute(engine, 1)
    append(settings, failed(settings, "chita", happened=NIGHT + timedelta(hours=1)))
    assert drain()
    assert [text[2:4] for text in bot.texts()] == ["#1", "#1", "#2"]


def test_what_happened_shortly_before_a_muted_incident_is_muted_too(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    recover(engine, 1)
    assert drain()
    before = NIGHT - timedelta(minutes=1)
    append(settings, failed(settings, "chita", happened=before))
    assert drain()
    assert len(bot.texts()) == 2
    second = numbered(engine, 2)
    assert (second.muted, second.nights) == (True, 1)


def test_an_incident_of_many_causes_is_not_muted(
    settings: Settings, engine: sa.Engine
) -> None:
    letters = "abcdefghijklmnopqrstu"
    causes = [failed(settings, "abakan", f"cause {letter}x") for letter in letters]
    append(settings, *causes)
    assert Sender(settings, engine, [Scripted("chat")]).drain()
    various = list_incidents(engine, also_closed=False)[-1]
    assert various.fingerprint == VARIOUS
    with pytest.raises(ConfigurationError, match="is of many causes"):
        mute(engine, various.number)


def test_a_sender_that_waits_for_another_does_not_wait_for_what_is_muted(
    settings: Settings, engine: sa.Engine, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    with engine.begin() as connection:
        acknowledge_incident(connection, 1, "Anna")
    assert Lease(engine, 60).take()
    sender = Sender(settings, engine, [Scripted("chat")])
    assert sender.drain(time.monotonic())


def test_no_channel_is_waited_for_to_tell_that_something_is_muted(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    bot.next.append(Answer(429, "Too Many Requests", {"retry_after": 15}))
    clock = FastClock()
    assert Sender(settings, engine, [telegram(bot, clock=clock)]).drain()
    assert clock.ahead < 5
    assert drain()
    assert "muted until" in bot.texts()[0]
