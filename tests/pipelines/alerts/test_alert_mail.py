from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from test_alert_texts import NOTICE
from test_smtp import address

from pipelines.alerts.channel import (
    Channel,
    ChannelBusyError,
    ChannelRefusedError,
    Receipt,
)
from pipelines.alerts.mail_channel import MailChannel
from tests.kit.mail_server import MailServer

GROWN = replace(NOTICE, headline="150 of 150 shards of LoadOrders 2019-03-14 failed")
OVER = replace(GROWN, recovered=True)
LONG_DOMAIN = "a-long-name-of-a-department.eu-central-1.compute.example.com"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def soon() -> float:
    return time.monotonic() + 20


@pytest.mark.parametrize("domain", ["example.com", LONG_DOMAIN])
def test_the_mails_of_an_incident_are_one_thread(
    server: MailServer, domain: str
) -> None:
    channel: Channel = MailChannel([address(server, sender=f"etl@{domain}")])
    receipt = channel.deliver(NOTICE, None, soon())
    receipt = channel.deliver(GROWN, Receipt(str(receipt.reference)), soon())
    channel.deliver(OVER, receipt, soon())
    first, second, third = [received.message for received in server.received]
    assert first["Subject"] == ("#17 38 of 150 shards of LoadOrders 2019-03-14 failed")
    assert first["In-Reply-To"] is None
    assert second["Subject"] == third["Subject"] == f"Re: {first['Subject']}"
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert third["In-Reply-To"] == second["Message-ID"]
    assert third["References"].split() == [first["Message-ID"], second["Message-ID"]]
    ids = [first["Message-ID"], second["Message-ID"]]
    refers = f"References: {ids[0]}\r\n {ids[1]}\r\n"
    assert refers.encode() in server.received[2].octets, "nothing is encoded"
    assert "#17 recovered: 150 of 150 shards" in third.get_content()
    assert {m["Auto-Submitted"] for m in (first, second, third)} == {"auto-generated"}


def test_what_is_to_be_shown_anew_is_a_new_mail_of_the_same_thread(
    server: MailServer,
) -> None:
    channel = MailChannel([address(server)])
    receipt = channel.deliver(NOTICE, None, soon())
    assert channel.deliver(replace(NOTICE, silent=True), receipt, soon()) == receipt
    channel.deliver(replace(NOTICE, showing=1), receipt, soon())
    first, second = [received.message for received in server.received]
    assert second["Message-ID"] != first["Message-ID"] == second["In-Reply-To"]


def test_a_mail_tells_the_whole_notice(server: MailServer) -> None:
    cause = "Unable to connect\r\n to \ud83d " + "x" * 5_000
    MailChannel([address(server)]).deliver(replace(NOTICE, cause=cause), None, soon())
    told = server.received[0].message.get_content().replace("\r\n", "\n")
    assert "Unable to connect\n to \ufffd " + "x" * 5_000 in told
    assert "first abakan, achinsk …\n" in told


def test_the_same_state_is_mailed_once_or_else_under_the_same_id(
    server: MailServer,
) -> None:
    channel = MailChannel([address(server)])
    receipt = channel.deliver(NOTICE, None, soon())
    assert channel.deliver(NOTICE, receipt, soon()) == receipt
    assert len(server.received) == 1
    MailChannel([address(server)]).deliver(NOTICE, None, soon())
    first, again = server.received
    assert first.message["Message-ID"] == again.message["Message-ID"]


def test_what_a_server_will_not_take_now_or_ever_is_told_apart(
    server: MailServer,
) -> None:
    channel = MailChannel([address(server)])
    server.replies["MAIL"] = "451 later"
    with pytest.raises(ChannelBusyError, match="451 later") as raised:
        channel.deliver(NOTICE, None, soon())
    assert raised.value.retry_after > 0
    server.replies["MAIL"] = "550 never"
    with pytest.raises(ChannelRefusedError, match="correct sender and recipients"):
        channel.deliver(NOTICE, None, soon())
    with pytest.raises(ChannelRefusedError, match="add an smtp connection"):
        MailChannel([]).deliver(NOTICE, None, soon())


def test_a_receipt_of_another_channel_does_not_lose_an_alert(
    server: MailServer,
) -> None:
    MailChannel([address(server)]).deliver(NOTICE, Receipt("{}"), soon())
    assert len(server.received) == 1
