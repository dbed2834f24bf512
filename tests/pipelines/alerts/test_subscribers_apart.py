"""Nothing that becomes of subscribed chats changes what whoever is on call is told."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from email.message import Message

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from test_alert_telegram import FastClock

from pipelines.alerts import Lease, Sender, TelegramChannel, Topic, subscribe
from pipelines.alerts.incidents import close_incidents
from pipelines.alerts.sending.deliveries import anything_undelivered
from pipelines.alerts.telegram.rate_limits import Limits
from pipelines.config import Settings, TelegramAddress
from pipelines.etl_db import etl_engine, incidents_table, subscriber_receipts_table
from tests.kit.bot_server import TOKEN, Answer, BotServer
from tests.kit.filed_alerts import Scripted, append, expire_lease, failed, options

FLOOD = Answer(429, "Too Many Requests", {"retry_after": 3_000})
FAILURE = Answer(502, "Bad Gateway")

Asked = Callable[[str], Answer | None]
"""What a server answers a chat with; None if it does what is asked."""


class ScriptedBot(BotServer):
    """A server that answers some chats with errors."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.errors: Asked = lambda _: None

    def answer(self, token: str, method: str, headers: Message, body: bytes) -> Answer:
        chat = str(json.loads(body)["chat_id"])
        self.asked.append(chat)
        if error := self.errors(chat):
            self.next.append(error)
        return super().answer(token, method, headers, body)


@pytest.fixture
def settings(costly_etl_database: str) -> Settings:
    return options(costly_etl_database)


@pytest.fixture
def engine(settings: Settings) -> sa.Engine:
    return etl_engine(settings.sessions.database)


@pytest.fixture
def bot() -> Iterator[ScriptedBot]:
    with ScriptedBot() as server:
        server.chats |= {str(chat) for chat in range(1, 10)}
        yield server


def telegram(bot: BotServer, clock: FastClock | None = None) -> TelegramChannel:
    clock = clock or FastClock()
    address = TelegramAddress(SecretStr(TOKEN), ("-100",), bot.url)
    return TelegramChannel(address, Limits(clock, clock.sleep))


@pytest.fixture
def drain(settings: Settings, engine: sa.Engine, bot: BotServer) -> Callable[[], bool]:
    """Send what there is to Telegram, as another process each time."""

    def drained() -> bool:
        sender = Sender(settings, engine, [telegram(bot)])
        return sender.drain(time.monotonic() + 60)

    return drained


def want(engine: sa.Engine, *chats: int) -> None:
    with engine.begin() as connection:
        for chat in chats:
            place = f"telegram:{chat}"
            subscribe(connection, place, Topic.INCIDENTS, "", "telegram:1")


def recover(engine: sa.Engine, *numbers: int) -> None:
    with engine.begin() as connection:
        close_incidents(connection, numbers)


def families(settings: Settings, count: int) -> None:
    append(
        settings, *(failed(settings, "abakan", family=f"Load{x}") for x in range(count))
    )


def only(chat: str, error: Answer) -> Asked:
    return lambda asked: error if asked == chat else None


def others(error: Answer) -> Asked:
    """What fails in all chats but the configured one."""
    return lambda asked: None if asked == "-100" else error


def test_what_whoever_is_on_call_was_told_is_on_record_before_others_are_told(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot, drain: Callable[[], bool]
) -> None:
    found: list[int] = []

    def look(chat: str) -> None:
        if chat == "7":
            query = sa.select(incidents_table.c.shown_partitions)
            with engine.connect() as connection:
                found.extend(connection.scalars(query))

    want(engine, 7)
    families(settings, 2)
    bot.errors = look
    assert drain()
    assert found == [1, 1, 1, 1]
    assert bot.asked == ["-100", "-100", "7", "7"]


def test_a_sender_that_has_lost_its_lease_meanwhile_ends_in_order(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot, drain: Callable[[], bool]
) -> None:
    other = Lease(engine, 60)

    def lose(chat: str) -> None:
        if chat == "7":
            expire_lease(engine)
            assert other.take()

    want(engine, 7, 8)
    families(settings, 1)
    bot.errors = lose
    assert drain()
    assert bot.asked == ["-100", "7"]
    other.release()
    bot.errors = lambda _: None
    assert drain()
    assert (len(bot.texts()), len(bot.texts("8"))) == (1, 1)


def test_nobody_waits_for_a_flooded_subscriber(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot
) -> None:
    want(engine, 7)
    families(settings, 4)
    clock = FastClock()
    bot.errors = only("7", Answer(429, "Too Many Requests", {"retry_after": 25}))
    assert Sender(settings, engine, [telegram(bot, clock)]).drain()
    assert bot.asked == [*["-100"] * 4, "7"]
    assert clock.ahead < 10


def test_a_server_that_fails_for_subscribers_fails_for_nobody_else(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot
) -> None:
    want(engine, *range(1, 7))
    families(settings, 1)
    mail = Scripted("mail")
    sender = Sender(settings, engine, [telegram(bot), mail])
    bot.errors = others(FAILURE)
    assert sender.drain()
    append(settings, failed(settings, "abakan", family="LoadRates"))
    assert sender.drain()
    assert (len(bot.texts()), mail.taken) == (2, [])


def test_after_three_setbacks_the_rest_is_left_and_begun_with_next_time(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot, drain: Callable[[], bool]
) -> None:
    want(engine, *range(1, 6))
    families(settings, 1)
    bot.errors = others(FAILURE)
    assert drain()
    assert bot.asked == ["-100", "1", "2", "3"]
    bot.errors = lambda _: None
    assert drain()
    assert bot.asked[4:] == ["4", "5", "1", "2", "3"]


def test_what_there_is_no_time_for_costs_no_commit(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot, drain: Callable[[], bool]
) -> None:
    want(engine, *range(1, 301))
    families(settings, 1)
    commits: list[sa.Connection] = []
    sa.event.listen(engine, "commit", commits.append)
    bot.errors = others(FAILURE)
    assert drain()
    assert len(commits) < 30


def test_an_end_comes_at_once_on_the_channel_that_told_though_others_are_flooded(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot
) -> None:
    want(engine, 7)
    families(settings, 1)
    bot.errors = only("7", FLOOD)
    mail = Scripted("mail")
    sender = Sender(settings, engine, [mail, telegram(bot)])
    assert sender.drain()
    recover(engine, 1)
    assert sender.drain()
    assert sender.drain()
    assert [notice.recovered for notice, _ in mail.taken] == [False, True]


def test_the_end_is_told_to_those_subscribers_who_were_shown_the_incident(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot, drain: Callable[[], bool]
) -> None:
    want(engine, 7, 8)
    families(settings, 1)
    bot.errors = only("7", FLOOD)
    assert drain()
    bot.errors = lambda _: None
    recover(engine, 1)
    assert drain()
    assert drain()
    assert [len(bot.texts(chat)) for chat in ("-100", "7", "8")] == [2, 0, 2]
    left = sa.select(sa.func.count()).select_from(subscriber_receipts_table)
    with engine.connect() as connection:
        assert connection.scalar(left) == 0


def test_an_end_that_no_one_on_call_was_shown_the_beginning_of_is_not_told_them(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot, drain: Callable[[], bool]
) -> None:
    want(engine, 7)
    families(settings, 1)
    bot.chats.discard("-100")
    assert not drain()
    recover(engine, 1)
    bot.chats.add("-100")
    assert drain()
    assert [len(bot.texts(chat)) for chat in ("-100", "7")] == [0, 2]


def test_a_sender_that_waits_for_another_does_not_wait_for_subscribers(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot, drain: Callable[[], bool]
) -> None:
    want(engine, 7)
    families(settings, 1)
    bot.errors = only("7", FLOOD)
    assert drain()
    assert not anything_undelivered(engine)
    assert Lease(engine, 60).take()
    assert Sender(settings, engine, [telegram(bot)]).drain(time.monotonic())


class OneLook(threading.Event):
    """Ends what follows a run after one look into the outbox."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = iter((False,))

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - no time
        return next(self._looks, True)


def test_a_sender_beside_a_run_tells_those_who_were_not_told_before(
    settings: Settings, engine: sa.Engine, bot: ScriptedBot, drain: Callable[[], bool]
) -> None:
    want(engine, 7)
    families(settings, 1)
    bot.errors = only("7", FLOOD)
    assert drain()
    recover(engine, 1)
    bot.errors = lambda _: None
    families(settings, 1)
    Sender(settings, engine, [telegram(bot)]).follow(OneLook())
    assert [text[2:4] for text in bot.texts("7")] == ["#2"]


def test_what_to_do_about_a_closed_chat_is_said_of_its_subscriptions(
    settings: Settings,
    engine: sa.Engine,
    drain: Callable[[], bool],
    caplog: pytest.LogCaptureFixture,
) -> None:
    want(engine, 77)
    families(settings, 1)
    with caplog.at_level(logging.WARNING):
        assert drain()
    (line,) = (record.getMessage() for record in caplog.records)
    assert "or correct the subscriptions of telegram:77" in line
