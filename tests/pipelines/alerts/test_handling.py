"""What people do about an incident, and what of it is told to whom."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr
from test_alert_telegram import FastClock

from pipelines.alerts import (
    Incident,
    Notice,
    Sender,
    TelegramChannel,
    acknowledge_incident,
    close_incident,
    handled_incidents,
    incidents_of_day,
    list_incidents,
    mute_incident,
    unmute_incident,
)
from pipelines.alerts.channel import ChannelRefusedError, Receipt
from pipelines.alerts.incidents import close_incidents
from pipelines.alerts.sending.deliveries import anything_undelivered
from pipelines.alerts.telegram.rate_limits import Limits
from pipelines.config import Settings, TelegramAddress
from pipelines.errors import ConfigurationError
from pipelines.etl_db import alerts_table, etl_engine, incidents_table
from tests.kit.bot_server import TOKEN, Answer, BotServer
from tests.kit.filed_alerts import DAY, NIGHT, Scripted, append, failed, options

HOUR = timedelta(hours=1)
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
        yield server


def telegram(bot: BotServer) -> TelegramChannel:
    clock = FastClock()
    address = TelegramAddress(SecretStr(TOKEN), ("-100",), bot.url)
    return TelegramChannel(address, Limits(clock, clock.sleep))


@pytest.fixture
def drain(settings: Settings, engine: sa.Engine, bot: BotServer) -> Callable[[], bool]:
    """Send what there is to Telegram, as another process each time."""

    def drained() -> bool:
        sender = Sender(settings, engine, [telegram(bot)])
        return sender.drain(time.monotonic() + 60)

    return drained


def later(**ahead: float) -> datetime:
    return datetime.now(UTC) + timedelta(**ahead)


def acknowledge(engine: sa.Engine, number: int, who: str = "Anna") -> None:
    with engine.begin() as connection:
        acknowledge_incident(connection, number, who)


def mute(engine: sa.Engine, number: int, until: datetime | None = None) -> None:
    with engine.begin() as connection:
        mute_incident(connection, number, "Boris", until or later(hours=6))


def unmute(engine: sa.Engine, number: int) -> None:
    with engine.begin() as connection:
        unmute_incident(connection, number)


def close(engine: sa.Engine, number: int) -> None:
    with engine.begin() as connection:
        close_incident(connection, number)


def recover(engine: sa.Engine, *numbers: int) -> None:
    """What the markers say, without a warehouse."""
    with engine.begin() as connection:
        close_incidents(connection, numbers)


def end_mutes(engine: sa.Engine) -> None:
    """What passing time does."""
    muted = incidents_table.c.muted_until
    with engine.begin() as connection:
        connection.execute(
            sa.update(incidents_table)
            .where(muted.is_not(None))
            .values(muted_until=later(seconds=-1))
        )


def only(engine: sa.Engine) -> Incident:
    (incident,) = list_incidents(engine, also_closed=False)
    return incident


def sounds(bot: BotServer) -> list[bool]:
    """Of each message that was sent, whether it woke somebody."""
    sent = [asked for method, asked in bot.calls if method == "sendMessage"]
    return [not asked.get("disable_notification") for asked in sent]


def test_who_acknowledges_an_incident_is_named_on_its_message_and_nobody_is_woken(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    acknowledge(engine, 1)
    assert drain()
    assert drain()
    (text,) = bot.texts()
    assert (
        f"acknowledged by Anna at {only(engine).acknowledged:%Y-%m-%d %H:%M} UTC"
        in text
    )
    assert bot.methods() == ["sendMessage", "editMessageText"]


def test_of_two_who_acknowledge_one_incident_the_first_one_is_named(
    settings: Settings, engine: sa.Engine, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    acknowledge(engine, 1)
    with pytest.raises(ConfigurationError, match="#1 is acknowledged already, by Anna"):
        acknowledge(engine, 1, "Boris")
    assert only(engine).acknowledged_by == "Anna"


@pytest.mark.parametrize(
    "change",
    [acknowledge, mute, unmute, close],
    ids=["acknowledge", "mute", "unmute", "close"],
)
def test_nothing_is_done_about_an_incident_that_is_not_open(
    settings: Settings,
    engine: sa.Engine,
    drain: Callable[[], bool],
    change: Callable[[sa.Engine, int], None],
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    recover(engine, 1)
    for number in (1, 17):
        with pytest.raises(ConfigurationError, match=f"no incident #{number} is open"):
            change(engine, number)


def test_what_is_done_is_one_commit_with_what_its_caller_writes(
    settings: Settings, engine: sa.Engine, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    with suppress(ZeroDivisionError), engine.begin() as connection:
        acknowledge_incident(connection, 1, "Anna")
        mute_incident(connection, 1, "Anna", later(hours=1))
        close_incident(connection, 1)
        raise ZeroDivisionError
    incident = only(engine)
    assert (incident.acknowledged, incident.muted, incident.handled) == (None, False, 0)


def test_while_an_incident_is_muted_its_message_says_so_and_nothing_more(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    assert drain()
    until = f"{only(engine).muted_until:%Y-%m-%d %H:%M}"
    calls = len(bot.calls)
    append(settings, failed(settings, "chita"))
    assert drain()
    assert len(bot.calls) == calls == 2
    (text,) = bot.texts()
    assert f"muted until {until} UTC by Boris" in text
    assert "1 of 150" in text


def test_what_was_muted_before_it_was_shown_is_not_shown_nor_left(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert not Sender(settings, engine, [Scripted("telegram", [REFUSED])]).drain()
    mute(engine, 1)
    acknowledge(engine, 1)
    assert not anything_undelivered(engine)
    assert drain()
    recover(engine, 1)
    assert drain()
    assert bot.calls == []


def test_a_sender_does_not_wait_for_the_mark_of_what_is_muted(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    bot.next.append(Answer(429, "Too Many Requests", {"retry_after": 3_000}))
    assert drain()
    assert drain()
    assert "muted until" in bot.texts()[0]


@pytest.mark.parametrize("is_muted", [True, False])
def test_the_end_of_a_muted_incident_is_told_without_a_sound(
    settings: Settings,
    engine: sa.Engine,
    bot: BotServer,
    drain: Callable[[], bool],
    is_muted: bool,
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    acknowledge(engine, 1)
    if is_muted:
        mute(engine, 1)
    assert drain()
    recover(engine, 1)
    assert drain()
    assert bot.texts()[1].startswith("🟢 #1 recovered")
    assert sounds(bot) == [True, not is_muted]
    assert list(bot.messages.values())[1]["reply_to"] == 1


def test_when_a_mute_is_over_an_incident_that_is_open_is_told_anew(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    append(settings, failed(settings, "chita"))
    assert drain()
    end_mutes(engine)
    assert anything_undelivered(engine)
    assert drain()
    assert drain()
    first, second = bot.texts()
    assert "muted until" in first
    assert second.startswith("🔴 #1 2 of 150")
    assert "muted" not in second
    assert sounds(bot) == [True, True]
    incident = only(engine)
    assert (incident.muted_until, incident.muted_by) == (None, None)
    recover(engine, 1)
    assert drain()
    assert list(bot.messages.values())[2]["reply_to"] == 2


def test_when_a_mute_is_over_what_was_never_shown_is_told(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert not Sender(settings, engine, [Scripted("telegram", [REFUSED])]).drain()
    mute(engine, 1)
    assert drain()
    end_mutes(engine)
    assert drain()
    assert len(bot.texts()) == 1


def test_an_incident_that_recovers_before_it_is_told_anew_is_told_to_be_over(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    assert drain()
    end_mutes(engine)
    away = Scripted("telegram", [REFUSED])
    assert not Sender(settings, engine, [away]).drain()
    assert only(engine).muted_until is None
    recover(engine, 1)
    assert drain()
    assert bot.texts()[1].startswith("🟢 #1 recovered")


def test_a_mute_that_is_over_wakes_by_mail_if_the_chat_is_closed(
    settings: Settings, engine: sa.Engine
) -> None:
    chat, mail = Editing("chat"), Scripted("mail")
    append(settings, failed(settings, "abakan"))
    assert Sender(settings, engine, [chat, mail]).drain()
    mute(engine, 1)
    assert Sender(settings, engine, [chat, mail]).drain()
    end_mutes(engine)
    chat.answers = [REFUSED]
    assert Sender(settings, engine, [chat, mail]).drain()
    assert (len(chat.taken), len(mail.taken)) == (2, 1)


def test_a_mute_may_be_changed_and_taken_back(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    mute(engine, 1)
    moscow = timezone(timedelta(hours=3))
    until = later(hours=9).replace(microsecond=0)
    mute(engine, 1, until.astimezone(moscow))
    assert only(engine).muted_until == until
    append(settings, failed(settings, "chita"))
    assert drain()
    assert f"muted until {until:%Y-%m-%d %H:%M} UTC" in bot.texts()[0]
    unmute(engine, 1)
    with pytest.raises(ConfigurationError, match="incident #1 is not muted"):
        unmute(engine, 1)
    assert drain()
    (text,) = bot.texts()
    assert "muted" not in text
    assert text.startswith("🔴 #1 2 of 150")


@pytest.mark.parametrize("ahead", [-60, 31 * 86_400 + 60])
def test_a_mute_is_until_some_time_of_the_next_31_days(
    settings: Settings, engine: sa.Engine, drain: Callable[[], bool], ahead: float
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    with pytest.raises(ConfigurationError, match="no more than 31 days after"):
        mute(engine, 1, later(seconds=ahead))
    mute(engine, 1, later(days=31, seconds=-60))
    assert only(engine).muted


def test_the_next_night_of_a_cause_inherits_its_mute_as_long_as_that_lasts(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    def fail(night: int, cause: str = "the server is away") -> bool:
        happened = NIGHT + timedelta(days=night)
        append(settings, failed(settings, "abakan", cause, happened=happened))
        return drain()

    assert fail(0)
    mute(engine, 1, later(days=3))
    recover(engine, 1)
    assert fail(1)
    assert fail(1, "the disk is full")
    assert fail(2)
    told = [text.partition("\n")[0] for text in bot.texts()]
    assert [line[2:4] for line in told] == ["#1", "#1", "#3"]
    second, _, fourth = list_incidents(engine, also_closed=False)
    assert (second.muted, second.muted_by) == (True, "Boris")
    assert (fourth.muted, fourth.muted_until) == (True, second.muted_until)
    end_mutes(engine)
    assert fail(3)
    told = [text.partition("\n")[0][2:4] for text in bot.texts()]
    assert told[3:] == ["#2", "#4", "#5"]
    assert "4th night running" in bot.texts()[-1]
    assert not only_numbered(engine, 5).muted


def only_numbered(engine: sa.Engine, number: int) -> Incident:
    found = list_incidents(engine, also_closed=False)
    return next(incident for incident in found if incident.number == number)


@dataclass
class Editing(Scripted):
    """One that can edit, and does something while it shows a notice."""

    edits: bool = True
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def deliver(
        self, notice: Notice, before: Receipt | None, deadline: float
    ) -> Receipt:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return super().deliver(notice, before, deadline)


def facts(channel: Scripted) -> list[tuple[int, bool]]:
    """Of what was shown: its number, and whether it tells what people have done."""
    words = ("acknowledged", "muted")
    return [
        (notice.number, any(fact.startswith(words) for fact in notice.facts))
        for notice, _ in channel.taken
    ]


def test_a_channel_that_cannot_edit_tells_it_with_the_next_state(
    settings: Settings, engine: sa.Engine
) -> None:
    mail = Scripted("mail")
    append(settings, failed(settings, "abakan"))
    assert Sender(settings, engine, [mail]).drain()
    acknowledge(engine, 1)
    assert Sender(settings, engine, [mail]).drain()
    assert facts(mail) == [(1, False)]
    append(settings, failed(settings, "chita"))
    assert Sender(settings, engine, [mail]).drain()
    assert facts(mail) == [(1, False), (1, True)]


def test_what_is_done_while_the_sender_shows_is_shown_by_the_next_edit(
    settings: Settings, engine: sa.Engine
) -> None:
    chat = Editing("chat", meanwhile=[partial(acknowledge, engine, 1)])
    append(settings, failed(settings, "abakan"))
    assert Sender(settings, engine, [chat]).drain()
    assert Sender(settings, engine, [chat]).drain()
    assert facts(chat) == [(1, False), (1, True)]
    assert not anything_undelivered(engine)


@pytest.mark.parametrize("change", [mute, close], ids=["mute", "close"])
def test_what_is_muted_or_closed_while_others_are_shown_is_not_shown(
    settings: Settings,
    engine: sa.Engine,
    change: Callable[[sa.Engine, int], None],
) -> None:
    chat = Editing("chat", meanwhile=[partial(change, engine, 2)])
    causes = ("the server is away", "the login was refused")
    append(settings, *(failed(settings, "abakan", cause) for cause in causes))
    assert Sender(settings, engine, [chat]).drain()
    assert facts(chat) == [(1, False)]


def test_what_is_closed_by_hand_while_it_is_shown_is_not_told_to_be_over(
    settings: Settings, engine: sa.Engine
) -> None:
    chat = Editing("chat", meanwhile=[partial(close, engine, 1)])
    append(settings, failed(settings, "abakan"))
    assert Sender(settings, engine, [chat]).drain()
    assert Sender(settings, engine, [chat]).drain()
    assert len(chat.taken) == 1


def test_what_is_muted_during_a_flood_is_not_told_after_it(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    bot.next.append(Answer(429, "Too Many Requests", {"retry_after": 3_000}))
    sender = Sender(settings, engine, [telegram(bot)])
    assert sender.lease.take()
    assert not sender.send()
    mute(engine, 1)
    assert sender.send(last=True)
    sender.lease.release()
    assert drain()
    assert bot.texts() == []


def test_a_message_that_somebody_deleted_is_sent_anew_without_a_sound(
    settings: Settings, engine: sa.Engine, bot: BotServer, drain: Callable[[], bool]
) -> None:
    append(settings, failed(settings, "abakan"))
    assert drain()
    bot.messages.clear()
    mute(engine, 1)
    assert drain()
    assert sounds(bot) == [True, False]


def test_the_incidents_of_a_day_are_those_that_it_is_a_part_of_newest_first(
    settings: Settings, engine: sa.Engine, drain: Callable[[], bool]
) -> None:
    other = DAY + timedelta(days=1)
    append(settings, failed(settings, "abakan"))
    assert drain()
    recover(engine, 1)
    append(settings, failed(settings, "chita", "the disk is full"))
    assert drain()
    append(settings, failed(settings, None), failed(settings, "abakan", day=other))
    assert drain()
    found = [one.number for one in incidents_of_day(engine, "orders", "abakan", DAY)]
    assert found == [3, 1]
    (later_day,) = incidents_of_day(engine, "orders", "abakan", other)
    assert later_day.number == 3
    assert incidents_of_day(engine, "rates", "abakan", DAY) == []


def test_what_of_some_days_somebody_sees_to_is_known(
    settings: Settings, engine: sa.Engine, drain: Callable[[], bool]
) -> None:
    rows = [failed(settings, shard) for shard in ("abakan", "chita")]
    append(settings, *rows)
    assert drain()
    append(settings, failed(settings, "moscow", "the disk is full"))
    assert drain()
    append(settings, replace(failed(settings, "tomsk", "another"), subject="rates"))
    assert drain()
    assert handled_incidents(engine, ["orders"], DAY, DAY) == []
    acknowledge(engine, 1)
    mute(engine, 2)
    mute(engine, 3)
    found = handled_incidents(engine, ["orders"], DAY, DAY)
    days = {one.incident.number: {shard for _, shard, _ in one.days} for one in found}
    assert days == {1: {"abakan", "chita"}, 2: {"moscow"}}
    end_mutes(engine)
    recover(engine, 1)
    assert handled_incidents(engine, ["orders"], DAY, DAY) == []


class Model:
    """An incident in the hands of people who do things in any order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = etl_engine(settings.sessions.database)
        self.chat = Editing("chat")
        with self.engine.begin() as connection:
            connection.execute(sa.delete(alerts_table))
            connection.execute(sa.delete(incidents_table))
        self._shards = iter(settings.catalog.shards)

    def fail(self) -> None:
        append(self.settings, failed(self.settings, next(self._shards)))

    def send(self) -> None:
        before, told = self.open(), len(self.chat.taken)
        Sender(self.settings, self.engine, [self.chat]).drain()
        if before and before.muted:
            new = self.chat.taken[told:]
            assert all(notice.silent and receipt for notice, receipt in new)

    def send_to_a_closed_chat(self) -> None:
        self.chat.answers = [REFUSED]
        Sender(self.settings, self.engine, [self.chat]).drain()
        self.chat.answers = []

    def acknowledge(self) -> None:
        self._do(acknowledge)

    def mute(self) -> None:
        self._do(mute)

    def unmute(self) -> None:
        self._do(unmute)

    def end_mute(self) -> None:
        end_mutes(self.engine)

    def recover(self) -> None:
        if incident := self.open():
            recover(self.engine, incident.number)

    def open(self) -> Incident | None:
        found = list_incidents(self.engine, also_closed=False)
        return found[0] if found else None

    def _do(self, change: Callable[[sa.Engine, int], None]) -> None:
        if incident := self.open():
            with suppress(ConfigurationError):
                change(self.engine, incident.number)


STEPS = [
    *(Model.fail, Model.send, Model.send_to_a_closed_chat, Model.acknowledge),
    *(Model.mute, Model.unmute, Model.end_mute, Model.recover),
]


@pytest.mark.parametrize("costly_etl_database", ["sqlite"], indirect=True)
@examples(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), max_size=14))
def test_in_whichever_order_things_happen_all_is_told_in_the_end(
    settings: Settings, steps: list[Callable[[Model], None]]
) -> None:
    model = Model(settings)
    for step in steps:
        step(model)
    model.end_mute()
    model.send()
    assert not anything_undelivered(model.engine)
    last = {notice.number: notice for notice, _ in model.chat.taken}
    for incident in list_incidents(model.engine, also_closed=True):
        told = last.get(incident.number)
        if incident.closed:
            assert told is None or told.recovered
        else:
            assert told
            assert told.headline.startswith(f"{incident.partitions} of")
            named = json.dumps(told.facts)
            assert ("acknowledged" in named) == bool(incident.acknowledged)
            assert "muted" not in named
