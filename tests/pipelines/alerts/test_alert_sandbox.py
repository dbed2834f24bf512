"""The channels against the sandbox's Telegram and mail server, with their limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr
from test_alert_texts import NOTICE

from pipelines.alerts import Action, TelegramChannel
from pipelines.alerts.channel import ChannelBusyError, ChannelRefusedError
from pipelines.alerts.mail_channel import MailChannel
from pipelines.alerts.telegram.rate_limits import Limits
from pipelines.config import SmtpAddress, TelegramAddress
from sandbox.process import SandboxProcess
from sandbox.telegram.chats import Message
from sandbox.telegram.control import TelegramControl

GROUP, PERSON = -1001, 1001
OVER = replace(NOTICE, recovered=True)
ACTIONS = (
    Action("What failed", "incidents show 17"),
    Action("Re-run these", "incidents rerun 17"),
    Action("Acknowledge", "incidents acknowledge 17"),
)
PRESSABLE = replace(NOTICE, actions=ACTIONS)


@pytest.fixture
def telegram(sandbox: SandboxProcess) -> Iterator[TelegramControl]:
    sandbox.control.telegram.reset()
    yield sandbox.control.telegram
    sandbox.control.telegram.reset()


class SharedClock:
    """The time, which jumps ahead here and at the sandbox where somebody would wait."""

    def __init__(self, telegram: TelegramControl) -> None:
        self._telegram = telegram
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += seconds
        self._telegram.advance(seconds)


@pytest.fixture
def clock(telegram: TelegramControl) -> SharedClock:
    return SharedClock(telegram)


def connect(
    sandbox: SandboxProcess, clock: SharedClock, *chats: int
) -> TelegramChannel:
    host, port = sandbox.addresses.telegram
    address = TelegramAddress(
        SecretStr(sandbox.addresses.token),
        tuple(str(chat) for chat in chats),
        f"http://{host}:{port}",
    )
    return TelegramChannel(address, Limits(clock, clock.sleep))


def test_no_limit_is_exceeded_however_often_an_incident_changes(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    channel = connect(sandbox, clock, GROUP, PERSON)
    receipt = None
    for failed in range(1, 101):
        grown = replace(NOTICE, headline=f"{failed} of 150 shards failed")
        receipt = channel.deliver(grown, receipt, clock() + 120)
    channel.deliver(OVER, receipt, clock() + 120)
    for chat in (GROUP, PERSON):
        incident, recovery = telegram.messages(chat)
        assert incident.text.startswith("🔴 #17 100 of 150 shards failed\n")
        assert (incident.edits, recovery.reply_to) == (99, incident.id)
    assert {code for _, code in telegram.answers()} == {200}


def test_a_sender_that_starts_anew_waits_out_what_the_last_one_used_up(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    receipt = None
    for number in range(20):
        grown = replace(NOTICE, headline=f"{number} failed")
        receipt = connect(sandbox, clock, GROUP).deliver(grown, receipt, clock() + 120)
    connect(sandbox, clock, GROUP).deliver(NOTICE, receipt, clock() + 120)
    assert telegram.answers()["editMessageText", 429] == 1
    (incident,) = telegram.messages(GROUP)
    assert incident.text.startswith("🔴 #17 38 of 150")


def test_a_migrated_group_is_followed_and_a_closed_one_refuses(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    channel = connect(sandbox, clock, GROUP)
    receipt = channel.deliver(NOTICE, None, clock() + 120)
    moved = telegram.migrate(GROUP)
    receipt = channel.deliver(replace(NOTICE, headline="m"), receipt, clock() + 120)
    assert telegram.messages(moved)[-1].text.startswith("🔴 #17 m\n")
    telegram.block(moved)
    with pytest.raises(ChannelRefusedError, match="kicked"):
        channel.deliver(NOTICE, receipt, clock() + 120)


def test_a_subscribed_topic_has_messages_file_and_recovery_in_it(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    telegram.add_topic(GROUP, 5)
    channel = connect(sandbox, clock, PERSON).at(f"telegram:{GROUP}/5")
    assert channel
    long = replace(NOTICE, cause="x" * 20_000)
    receipt = channel.deliver(long, None, clock() + 120)
    receipt = channel.deliver(replace(long, headline="m"), receipt, clock() + 120)
    channel.deliver(OVER, receipt, clock() + 120)
    shown = telegram.messages(GROUP)
    assert {message.thread for message in shown} == {5}
    assert shown[0].text.startswith("🔴 #17 m\n")
    assert len([message for message in shown if message.file]) == 1
    assert shown[-1].reply_to == shown[0].id
    assert telegram.messages(PERSON) == []


def test_a_lost_answer_makes_no_second_message_of_an_edit(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    channel = connect(sandbox, clock, GROUP)
    receipt = channel.deliver(NOTICE, None, clock() + 120)
    telegram.lose_answers(method="editMessageText")
    grown = replace(NOTICE, headline="more")
    with pytest.raises(ChannelBusyError) as raised:
        channel.deliver(grown, receipt, clock() + 120)
    channel.deliver(grown, raised.value.receipt, clock() + 120)
    (incident,) = telegram.messages(GROUP)
    assert incident.text.startswith("🔴 #17 more\n")


def test_an_incident_is_mailed_as_one_thread(sandbox: SandboxProcess) -> None:
    host, port = sandbox.addresses.smtp
    sender = f"etl@{time.monotonic_ns()}.example"
    address = SmtpAddress(
        host,
        port,
        sandbox.addresses.user,
        SecretStr(sandbox.addresses.password),
        "none",
        sender,
        ("ann@example.com",),
    )
    channel = MailChannel([address])
    receipt = channel.deliver(NOTICE, None, time.monotonic() + 20)
    channel.deliver(OVER, receipt, time.monotonic() + 20)
    first, second = [m for m in sandbox.control.smtp.mails() if m.sender == sender]
    assert first.user == sandbox.addresses.user
    (identity,) = [
        line for line in first.data.splitlines() if line.startswith(b"Message-ID: ")
    ]
    assert identity.replace(b"Message-ID", b"In-Reply-To") in second.data


def buttons(message: Message) -> list[list[tuple[str, str]]]:
    return [[(one.text, one.data) for one in row] for row in message.keyboard]


def test_what_can_be_done_about_an_incident_is_below_it_until_it_is_over(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    channel = connect(sandbox, clock, GROUP)
    receipt = channel.deliver(PRESSABLE, None, clock() + 120)
    grown = replace(PRESSABLE, headline="150 of 150 shards failed")
    receipt = channel.deliver(grown, receipt, clock() + 120)
    (incident,) = telegram.messages(GROUP)
    assert buttons(incident) == [
        [
            ("What failed", "wish:incidents show 17"),
            ("Re-run these", "wish:incidents rerun 17"),
        ],
        [("Acknowledge", "wish:incidents acknowledge 17")],
    ]
    receipt = channel.deliver(replace(grown, recovered=True), receipt, clock() + 120)
    incident, recovery = telegram.messages(GROUP)
    assert (incident.keyboard, recovery.keyboard) == ((), ())
    assert incident.text.startswith("🔴 #17 150 of 150")
    channel.deliver(replace(grown, recovered=True), receipt, clock() + 120)
    assert telegram.answers()["editMessageReplyMarkup", 200] == 1


def test_a_change_of_the_buttons_alone_is_an_edit(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    channel = connect(sandbox, clock, GROUP)
    receipt = channel.deliver(PRESSABLE, None, clock() + 120)
    fewer = replace(PRESSABLE, actions=ACTIONS[:1])
    receipt = channel.deliver(fewer, receipt, clock() + 120)
    receipt = channel.deliver(fewer, receipt, clock() + 120)
    (incident,) = telegram.messages(GROUP)
    assert incident.edits == 1
    assert buttons(incident) == [[("What failed", "wish:incidents show 17")]]
    channel.deliver(NOTICE, receipt, clock() + 120)
    (incident,) = telegram.messages(GROUP)
    assert (incident.edits, incident.keyboard) == (2, ())


def test_a_long_notice_has_its_buttons_below_the_first_message(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    long = replace(PRESSABLE, cause="x" * 6_000)
    connect(sandbox, clock, PERSON).deliver(long, None, clock() + 120)
    first, second = telegram.messages(PERSON)
    assert (len(first.keyboard), len(second.keyboard)) == (2, 0)


def test_a_wish_that_no_button_can_stand_for_costs_nobody_the_message(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    fits, too_long = "я" * 29 + "y", "я" * 30
    wishes = (Action("Yes", fits), Action("No", too_long))
    notice = replace(NOTICE, actions=wishes)
    connect(sandbox, clock, GROUP).deliver(notice, None, clock() + 120)
    (incident,) = telegram.messages(GROUP)
    assert buttons(incident) == [[("Yes", f"wish:{fits}")]]
    assert len(incident.keyboard[0][0].data.encode()) == 64


def test_an_incident_whose_message_is_gone_is_over_all_the_same(
    sandbox: SandboxProcess, telegram: TelegramControl, clock: SharedClock
) -> None:
    channel = connect(sandbox, clock, GROUP)
    receipt = channel.deliver(PRESSABLE, None, clock() + 120)
    telegram.fail(
        400, "Bad Request: message to edit not found", method="editMessageReplyMarkup"
    )
    over = replace(PRESSABLE, recovered=True)
    receipt = channel.deliver(over, receipt, clock() + 120)
    channel.deliver(over, receipt, clock() + 120)
    _, recovery = telegram.messages(GROUP)
    assert recovery.text.startswith("🟢 #17")
    assert telegram.answers()["editMessageReplyMarkup", 400] == 1
