"""What the demo promises, looked up at both ends and at the readers'."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.faults import SandboxError
from sandbox.telegram.bot import DEFAULT_CHATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.demo_shown import Pass
    from sandbox.smtp.mailbox import Mail
    from sandbox.telegram.chats import Message
    from sandbox.telegram.control import TelegramControl
    from sandbox.totals import Totals, Warehouse

_CHAT = DEFAULT_CHATS[0]


class DemoError(SandboxError):
    """Something that the demo promises did not hold."""


def check_pass(name: str, done: Pass, partitions: int, rows: int | None = None) -> None:
    """See that a pass loaded what was there to load, and not a row more.

    Raises:
        DemoError: It did not.
    """
    if done.partitions != partitions or rows not in {None, done.rows}:
        expected = "" if rows is None else f", {rows:,} rows"
        raise DemoError(
            f"{name} loaded {done.partitions:,} shard days, {done.rows:,} rows, where"
            f" {partitions:,} shard days{expected} were to be loaded"
        )


def compare(sources: Totals, landed: Totals) -> None:
    """See that both ends agree.

    Raises:
        DemoError: They differ.
    """
    wrong = [one for one in sources if landed.get(one) != sources[one]]
    wrong += sorted(landed.keys() - sources.keys())
    if wrong:
        table, shard = wrong[0]
        raise DemoError(
            f"{len(wrong)} tables differ from the warehouse, first {table} of {shard}:"
            f" {sources.get(wrong[0])} (rows, sum of ids) there,"
            f" {landed.get(wrong[0])} here"
        )


def incident(telegram: TelegramControl) -> Message:
    """Return the one message that the chat shows.

    Raises:
        DemoError: It shows none, or more than one.
    """
    messages = telegram.messages(_CHAT)
    if len(messages) != 1:
        raise DemoError(
            f"the chat shows {len(messages)} messages of one incident, where it should"
            " show one: see `shardline incidents list`"
        )
    return messages[0]


def number_of(told: Message) -> int:
    """Return the number of the incident that a message tells of.

    Raises:
        DemoError: It has none.
    """
    found = re.search(r"#(\d+)", told.text)
    if not found:
        raise DemoError("the message of the incident has no number")
    return int(found[1])


def recovery(telegram: TelegramControl, told: Message) -> Message:
    """Return the message that an incident is over.

    Raises:
        DemoError: It did not come, or others did.
    """
    messages = telegram.messages(_CHAT)[1:]
    if [one.reply_to for one in messages] != [told.id]:
        raise DemoError(
            f"the chat shows {len(messages)} messages after the incident, where it"
            " should show its recovery"
        )
    return messages[0]


def check_reports(warehouse: Warehouse) -> None:
    """See that no report is empty whose table is not.

    Raises:
        DemoError: One is.
    """
    loaded = {table for table, _ in warehouse.totals()}
    for name, (table, rows) in warehouse.reports().items():
        if table in loaded and not rows:
            raise DemoError(f"the report {name} is empty")


def check_mail(mails: Sequence[Mail]) -> Mail:
    """Return the one mail.

    Raises:
        DemoError: None came, or more than one.
    """
    if len(mails) != 1:
        raise DemoError(f"{len(mails)} mails came, where one should have")
    return mails[0]
