"""The bot sends the alerts while it lives, and hears what is pressed below them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from pipelines.alerts import WISH, Incident, Lease, Limits, Sender, list_incidents
from pipelines.alerts.incidents import VARIOUS
from pipelines.alerts.sending import sender
from pipelines.bot import AlertSender, Dialogue, Press, Reply, incident_actions
from pipelines.config import Settings
from pipelines.etl_db import etl_engine
from pipelines.operations import (
    VERBS,
    Role,
    find_verb,
    split_words,
)
from sandbox.process import SandboxProcess
from sandbox.telegram.chats import Message
from sandbox.telegram.control import TelegramControl
from tests.kit.bot_server import TOKEN, Answer, BotServer
from tests.kit.filed_alerts import append, failed, options
from tests.kit.operations import somebody, telegram
from tests.kit.project import Project
from tests.kit.waiting import until

GROUP, ANNA, VERA = -1001, 1001, 3
CHAT = f"telegram:{GROUP}"
Configure = Callable[[Settings, str], Settings]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "POLL", 0.02)


@pytest.fixture
def chats(sandbox: SandboxProcess) -> Iterator[TelegramControl]:
    sandbox.control.telegram.reset()
    yield sandbox.control.telegram
    sandbox.control.telegram.reset()


@pytest.fixture
def settings(etl_database: str) -> Settings:
    return options(etl_database)


@pytest.fixture
def engine(settings: Settings) -> Engine:
    return etl_engine(settings.sessions.database)


@pytest.fixture
def with_telegram(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Options that name the chats' bot as the only channel."""

    def configured(settings: Settings, address: str) -> Settings:
        uri = f"telegram://{address}"
        monkeypatch.setenv("SHARDLINE_CONNECTION_TELEGRAM", uri)
        alerts = settings.alerts.model_copy(update={"channels": ("telegram",)})
        return settings.model_copy(update={"alerts": alerts})

    return configured


def address(sandbox: SandboxProcess, token: str = "") -> str:
    """That of the sandbox's Telegram, with one chat."""
    host, port = sandbox.addresses.telegram
    return f"{token or sandbox.addresses.token}@{GROUP}?api=http://{host}:{port}"


@dataclass
class Bot:
    """The bot without its poller: its sender, and its dialogue."""

    settings: Settings
    engine: Engine
    chats: TelegramControl

    def __post_init__(self) -> None:
        somebody(self.engine, "Anna", ANNA, Role.OPERATOR)
        somebody(self.engine, "Vera", VERA, Role.VIEWER)
        self.dialogue = Dialogue(self.engine, lambda: self.settings)

    def shown(self) -> Message:
        """The incident's message."""
        return self.chats.messages(GROUP)[0]

    def labels(self) -> list[str]:
        """What can be pressed below it now, if there is such a message."""
        found = self.chats.messages(GROUP)
        return [one.text for row in found[0].keyboard for one in row] if found else []

    def press(self, label: str, number: int = ANNA) -> Reply:
        """Press what is there, as whoever is known by that number."""
        buttons = [one for row in self.shown().keyboard for one in row]
        (data,) = [one.data for one in buttons if one.text == label]
        return self.dialogue.reply_to(Press(telegram(number), CHAT, data))


@pytest.fixture
def bot(
    project: Project,
    etl_database: str,
    chats: TelegramControl,
    with_telegram: Configure,
) -> Iterator[Bot]:
    plain = options(etl_database, project.warehouse)
    settings = with_telegram(plain, address(project.sandbox))
    engine = etl_engine(settings.sessions.database)
    one = AlertSender(settings, engine, Limits())
    one.start()
    yield Bot(settings, engine, chats)
    one.stop()


def test_an_incident_is_seen_to_by_the_buttons_of_its_message(bot: Bot) -> None:
    append(bot.settings, failed(bot.settings, "abakan"))
    every = ["What failed", "Re-run these", "Acknowledge", "Mute until morning"]
    until(lambda: bot.labels() == every)

    reply = bot.press("Acknowledge")
    assert reply.lines[0].startswith("incident #1 is acknowledged by Anna")
    until(lambda: bot.labels() == [*every[:2], every[3]])
    reply = bot.press("Mute until morning")
    assert reply.lines[0].startswith("nothing new is told of incident #1 until ")
    until(lambda: bot.labels() == [*every[:2], "Unmute"])
    assert bot.press("Unmute").lines == ("incident #1 is told again",)
    until(lambda: bot.labels() == [*every[:2], every[3]])
    assert "acknowledged by Anna" in bot.shown().text
    assert len(bot.chats.messages(GROUP)) == 1


def test_what_failed_is_answered_by_a_message_of_its_own(bot: Bot) -> None:
    append(bot.settings, failed(bot.settings, "abakan"))
    until(bot.labels)
    told = bot.press("What failed", VERA)
    assert told.lines[0].startswith("#1 open: 1 of 150 shards of LoadOrders")
    assert told.sections[0].rows == (("orders", "2019-03-14", "abakan"),)
    assert not told.replaces


def test_whoever_may_only_look_has_the_same_buttons_and_is_refused(bot: Bot) -> None:
    append(bot.settings, failed(bot.settings, "abakan"))
    until(bot.labels)
    for label, verb in (
        ("Acknowledge", "incidents acknowledge"),
        ("Mute until morning", "incidents mute"),
        ("Re-run these", "incidents rerun"),
    ):
        (line,) = bot.press(label, VERA).lines
        assert line.startswith(f"a viewer may not {verb}")
    (incident,) = list_incidents(bot.engine, also_closed=False)
    assert incident.handled == 0


def labels_of(incident: Incident) -> list[str]:
    return [one.label for one in incident_actions(incident)]


def test_each_state_of_an_incident_has_the_buttons_that_make_sense(
    settings: Settings, engine: Engine
) -> None:
    append(settings, failed(settings, "abakan"))
    Sender(settings, engine, ()).keep_up()
    (found,) = list_incidents(engine, also_closed=False)
    now = datetime.now(UTC)
    look, rerun, acknowledge, mute = labels_of(found)
    seen_to = replace(found, acknowledged=now)
    assert labels_of(seen_to) == [look, rerun, mute]
    assert labels_of(replace(seen_to, muted=True)) == [look, rerun, "Unmute"]
    assert labels_of(replace(found, fingerprint=VARIOUS)) == [look, rerun, acknowledge]
    assert labels_of(replace(found, closed=now)) == []
    longest = incident_actions(replace(found, number=(1 << 31) - 1))
    assert max(len(f"{WISH}:{one.wish}".encode()) for one in longest) <= 64
    verbs = {find_verb(VERBS, split_words(one.wish))[0].name for one in longest}
    assert verbs == {
        *("incidents show", "incidents rerun"),
        *("incidents acknowledge", "incidents mute"),
    }


def test_without_channels_incidents_are_made_and_nobody_else_is_kept_from_it(
    settings: Settings, engine: Engine
) -> None:
    append(settings, failed(settings, "abakan"))
    one = AlertSender(settings, engine, Limits())
    one.start()
    until(lambda: list_incidents(engine, also_closed=False))
    other = Lease(engine, 60)
    until(other.take)
    one.stop()
    assert other.take()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("", "is no token"),
        (f"1:wrong@{GROUP}", "correct the token"),
    ],
)
def test_what_is_wrong_is_told_in_the_log_and_ends_nothing(
    settings: Settings,
    engine: Engine,
    sandbox: SandboxProcess,
    with_telegram: Configure,
    caplog: pytest.LogCaptureFixture,
    place: str,
    told: str,
) -> None:
    host, port = sandbox.addresses.telegram
    wrong = with_telegram(settings, place and f"{place}?api=http://{host}:{port}")
    append(settings, failed(settings, "abakan"))
    one = AlertSender(wrong, engine, Limits())
    one.start()
    until(lambda: told in caplog.text)
    one.stop()
    assert Lease(engine, 60).take()


def test_it_ends_in_time_and_leaves_the_lease_however_silent_telegram_is(
    settings: Settings, engine: Engine, with_telegram: Configure
) -> None:
    with BotServer() as server:
        server.next.append(Answer(hangs=True))
        silent = with_telegram(settings, f"{TOKEN}@-100?api={server.url}")
        append(settings, failed(settings, "abakan"))
        one = AlertSender(silent, engine, Limits())
        one.start()
        until(lambda: server.calls)
        one.stop(seconds=0)
        assert Lease(engine, 60).take()
        server.released.set()


def test_a_sender_that_was_never_started_is_stopped_all_the_same(
    settings: Settings, engine: Engine
) -> None:
    AlertSender(settings, engine, Limits()).stop()
    assert Lease(engine, 60).take()
