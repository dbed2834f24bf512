"""Which channel shows an incident, when, and who may send."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pipelines.alerts import (
    Lease,
    LeaseLostError,
    Notice,
    Sender,
    close_incident,
    list_incidents,
)
from pipelines.alerts.channel import ChannelBusyError, ChannelRefusedError, Receipt
from pipelines.alerts.incidents import close_incidents
from pipelines.alerts.sending import sender
from pipelines.config import Settings
from pipelines.config.due_times import DueTime
from pipelines.errors import ConfigurationError, TransientError
from pipelines.etl_db import etl_engine
from tests.kit.filed_alerts import (
    FileChannel,
    Scripted,
    append,
    expire_lease,
    failed,
    options,
)

BUSY = ChannelBusyError("too many requests", retry_after=0.02)
BUSY_FOR_LONG = ChannelBusyError("too many requests", retry_after=3_600)
REFUSED = ChannelRefusedError("kicked out of the chat")
AWAY = TransientError("no answer")


@pytest.fixture
def settings(etl_database: str) -> Settings:
    return options(etl_database)


@pytest.fixture
def engine(settings: Settings) -> Engine:
    return etl_engine(settings.sessions.database)


def close(engine: Engine, *numbers: int) -> None:
    """What the markers say, without a warehouse."""
    with engine.begin() as connection:
        close_incidents(connection, numbers)


@pytest.mark.parametrize(
    "answer", [REFUSED, AWAY, BUSY_FOR_LONG, ValueError("a defect")]
)
def test_what_one_channel_does_not_take_the_next_one_gets(
    settings: Settings, engine: Engine, answer: Exception
) -> None:
    append(settings, failed(settings, "abakan"), failed(settings, "chita", "another"))
    chat, mail = Scripted("chat", [answer]), Scripted("mail")
    assert Sender(settings, engine, [chat, mail]).drain()
    assert chat.taken == []
    assert [notice.number for notice, _ in mail.taken] == [1, 2]


def test_a_channel_that_is_busy_for_a_moment_is_waited_for(
    settings: Settings, engine: Engine
) -> None:
    append(settings, failed(settings, "abakan"))
    chat, mail = Scripted("chat", [BUSY, BUSY]), Scripted("mail")
    assert Sender(settings, engine, [chat, mail]).drain()
    assert (len(chat.taken), len(mail.taken)) == (1, 0)


@pytest.mark.parametrize("answer", [REFUSED, AWAY, BUSY_FOR_LONG])
def test_what_nobody_takes_stays_and_is_sent_later_under_its_number(
    settings: Settings, engine: Engine, answer: Exception
) -> None:
    append(settings, failed(settings, "abakan"))
    soon = time.monotonic() + 30
    assert not Sender(settings, engine, [Scripted("chat", [answer])]).drain(soon)
    append(settings, failed(settings, "chita", "another"))
    chat = Scripted("chat")
    assert Sender(settings, engine, [chat]).drain()
    assert [notice.number for notice, _ in chat.taken] == [1, 2]


def test_an_edit_names_the_message_and_an_end_is_told_by_all_that_showed_it(
    settings: Settings, engine: Engine
) -> None:
    chat, mail, other = Scripted("chat"), Scripted("mail"), Scripted("other")
    for shard, answers in (("abakan", []), ("chita", []), ("moscow", [REFUSED])):
        append(settings, failed(settings, shard))
        chat.answers = list(answers)
        assert Sender(settings, engine, [chat, mail, other]).drain()
    close(engine, 1)
    assert Sender(settings, engine, [chat, mail, other]).drain()
    first = Receipt("chat 1")
    assert [before for _, before in chat.taken] == [None, first, Receipt("chat 2")]
    assert [(n.recovered, before) for n, before in mail.taken] == [
        (False, None),
        (True, Receipt("mail 1")),
    ]
    assert other.taken == []


def test_an_end_that_its_channel_does_not_take_is_told_by_the_next(
    settings: Settings, engine: Engine
) -> None:
    append(settings, failed(settings, "abakan"))
    chat, mail = Scripted("chat"), Scripted("mail")
    assert Sender(settings, engine, [chat, mail]).drain()
    close(engine, 1)
    chat.answers = [AWAY]
    assert Sender(settings, engine, [chat, mail]).drain()
    assert [notice.recovered for notice, _ in mail.taken] == [True]


def test_while_a_run_goes_on_a_message_changes_only_now_and_then(
    settings: Settings, engine: Engine
) -> None:
    patient = settings.model_copy(
        update={"alerts": settings.alerts.model_copy(update={"throttle": 3_600})}
    )
    chat = Scripted("chat")
    sender = Sender(patient, engine, [chat])
    assert sender.lease.take()
    for shard in ("abakan", "chita", "moscow"):
        append(settings, failed(settings, shard))
        sender.send()
    assert [notice.headline[:2] for notice, _ in chat.taken] == ["1 "]
    assert sender.send(last=True)
    assert [notice.headline[:2] for notice, _ in chat.taken] == ["1 ", "3 "]


def test_a_fallback_that_cannot_edit_is_not_flooded_while_a_run_goes_on(
    settings: Settings, engine: Engine
) -> None:
    chat, mail = Scripted("chat", [REFUSED]), Scripted("mail")
    sender = Sender(settings, engine, [chat, mail])
    assert sender.lease.take()
    for shard in ("abakan", "chita", "moscow"):
        append(settings, failed(settings, shard))
        sender.send()
    assert len(mail.taken) == 1
    assert sender.send(last=True)
    assert len(mail.taken) == 2


def test_one_sender_at_a_time(settings: Settings, engine: Engine) -> None:
    append(settings, failed(settings, "abakan"))
    first, second = Lease(engine, 60), Sender(settings, engine, [Scripted("chat")])
    assert first.take()
    with pytest.raises(LeaseLostError):
        second.drain(time.monotonic())
    first.release()
    assert second.drain(time.monotonic() + 30)


def test_who_has_nothing_to_tell_does_not_wait_for_another_sender(
    settings: Settings, engine: Engine
) -> None:
    assert Lease(engine, 60).take()
    assert Sender(settings, engine, []).drain(math.inf)


def test_a_lease_that_is_not_renewed_passes_on_and_its_holder_writes_nothing(
    settings: Settings, engine: Engine
) -> None:
    append(settings, failed(settings, "abakan"))

    class Slow(Scripted):
        def deliver(self, *arguments: object) -> Receipt:
            expire_lease(engine)
            assert Sender(settings, engine, [quick]).drain()
            return super().deliver(*arguments)  # type: ignore[arg-type]

    quick, slow = Scripted("chat"), Slow("chat")
    with pytest.raises(LeaseLostError):
        Sender(settings, engine, [slow]).drain()
    (incident,) = list_incidents(engine, also_closed=False)
    assert incident.receipts == {"chat": Receipt("chat 1")}
    assert [n.number for n, _ in slow.taken] == [n.number for n, _ in quick.taken]


def test_a_lease_is_renewed_by_its_holder(engine: Engine) -> None:
    first, second = Lease(engine, 60), Lease(engine, 60)
    assert [first.take(), first.take(), second.take()] == [True, True, False]
    expire_lease(engine)
    assert second.take()
    with pytest.raises(LeaseLostError), first.held():
        pass


def test_an_incident_closed_by_hand_is_not_told_again(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    channel = FileChannel(tmp_path / "chat")
    append(settings, failed(settings, "abakan"))
    assert Sender(settings, engine, [channel]).drain()
    with engine.begin() as connection:
        close_incident(connection, 1)
    with pytest.raises(ConfigurationError), engine.begin() as connection:
        close_incident(connection, 1)
    assert Sender(settings, engine, [channel]).drain()
    assert len(channel.lines()) == 1


def test_the_same_event_told_again_is_one_row(
    settings: Settings, engine: Engine
) -> None:
    row = failed(settings, "abakan")
    append(settings, row, row)
    append(settings, replace(row, message="told once more"))
    chat = Scripted("chat")
    assert Sender(settings, engine, [chat]).drain()
    assert len(chat.taken) == 1


def test_what_a_busy_channel_has_shown_already_is_kept_for_its_next_try(
    settings: Settings, engine: Engine
) -> None:
    append(settings, failed(settings, "abakan"))
    half = ChannelBusyError("half is shown", retry_after=0.02, receipt=Receipt("half"))
    chat = Scripted("chat", [half])
    assert Sender(settings, engine, [chat]).drain()
    assert [before for _, before in chat.taken] == [Receipt("half")]


def test_what_a_busy_channel_has_shown_is_kept_when_another_takes_the_rest(
    settings: Settings, engine: Engine
) -> None:
    append(settings, failed(settings, "abakan"))
    half = ChannelBusyError("half", retry_after=3_600, receipt=Receipt("half"))
    chat, mail = Scripted("chat", [half]), Scripted("mail")
    assert Sender(settings, engine, [chat, mail]).drain()
    (incident,) = list_incidents(engine, also_closed=False)
    assert incident.receipts == {"chat": Receipt("half"), "mail": Receipt("mail 1")}


@dataclass
class Ending(Scripted):
    """Ends the run that it is told of."""

    ended: threading.Event = field(default_factory=threading.Event)

    def deliver(
        self, notice: Notice, before: Receipt | None, deadline: float
    ) -> Receipt:
        self.ended.set()
        return super().deliver(notice, before, deadline)


def test_no_alert_waits_for_a_warehouse_that_is_away(
    settings: Settings,
    engine: Engine,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "POLL", 0.02)
    append(settings, failed(settings, "chita"))
    due = {"orders": DueTime.parse("00:00 UTC")}
    channel = Ending("chat")
    late = settings.model_copy(update={"deadlines": due})
    Sender(late, engine, [channel]).follow(channel.ended)
    assert len(channel.taken) == 1
    assert "alerts wait" not in caplog.text
