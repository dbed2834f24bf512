"""The bot as a process, people who write to it, and what they see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import Engine

from pipelines.alerts import Lease
from pipelines.etl_db import etl_engine
from pipelines.operations import AuditEntry, AuditFilter, Role, list_audit
from sandbox.options import TOKEN
from sandbox.telegram.as_json import BOT_NAME
from sandbox.telegram.chats import Message
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.rich import as_text
from tests.kit.commands import Process, wait_for
from tests.kit.operations import somebody
from tests.kit.project import Project

ADMIN, OPERATOR, VIEWER, STRANGER = 11, 12, 13, 99
GROUP = -1001
LONGEST_WAIT = 30.0


@dataclass
class Chats:
    """A project whose bot people write to.

    Attributes:
        project: Whose bot it is.
        telegram: Where they write.
    """

    project: Project
    telegram: TelegramControl

    def __post_init__(self) -> None:
        self.project.options.setdefault("bot", {})["lease"] = "2"
        telegram = self.project.sandbox.addresses.telegram
        address = (
            f"telegram://{TOKEN}@{GROUP}?api=http://{telegram.host}:{telegram.port}"
        )
        self.project.options["connections"] = {"telegram": address}
        self.project.options["alerts"] = {"channels": "telegram"}
        if not self.project.shards:
            self.project.add_shard(ddl="")
        for user in (ADMIN, OPERATOR, VIEWER, STRANGER):
            self.telegram.add_chat(user)
        somebody(self.engine, "Anna", ADMIN, Role.ADMIN)
        somebody(self.engine, "Olga", OPERATOR, Role.OPERATOR)
        somebody(self.engine, "Vera", VIEWER, Role.VIEWER)

    @property
    def engine(self) -> Engine:
        return etl_engine(SecretStr(self.project.etl_database))

    def start(self, *options: str) -> Process:
        return self.project.start("shardline", "bot", *options)

    @contextmanager
    def bot(self) -> Iterator[Process]:
        """The bot, until it is told to end; it has to end well then."""
        process = self.start()
        try:
            wait_for(process, "answers")
            # From then on it is the bot that sends the alerts.
            lease = Lease(self.engine, LONGEST_WAIT)
            self.telegram.wait(lease.kept_until, timeout=LONGEST_WAIT)
            yield process
        finally:
            process.terminate()
            _, told = process.communicate(LONGEST_WAIT)
        assert process.returncode == 143, told
        assert "Traceback" not in told, told

    def say(self, text: str, user: int = OPERATOR, chat: int = 0, **how: object) -> int:
        """Write something; the update that tells the bot, 0 if none does.

        In a group a command has to be meant for the bot, so that it is told.
        """
        if chat < 0 and text.startswith("/") and "@" not in text:
            command, blank, rest = text.partition(" ")
            text = f"{command}@{BOT_NAME}{blank}{rest}"
        said = self.telegram.say(chat or user, user, text, **how)  # type: ignore[arg-type]
        return said.update

    def answers(self, chat: int) -> list[Message]:
        """What the bot has written in a chat."""
        return [one for one in self.telegram.messages(chat) if not one.sender]

    def next_answer(self, chat: int, after: int) -> Message:
        """The answer that comes after so many."""
        found = self.telegram.wait(
            lambda: self.answers(chat)[after:], timeout=LONGEST_WAIT
        )
        return found[0]

    def ask(self, text: str, user: int = OPERATOR, chat: int = 0, **how: object) -> str:
        """Write something and read the answer."""
        before = len(self.answers(chat or user))
        self.say(text, user, chat, **how)
        return text_of(self.next_answer(chat or user, before))

    def press(self, label: str, user: int = OPERATOR, chat: int = 0) -> Message:
        """Press the newest button of that label; the message that answers it."""
        where = chat or user
        message, data = next(
            (one.id, button.data)
            for one in reversed(self.answers(where))
            for row in one.keyboard
            for button in row
            if label in button.text
        )
        before = self.answers(where)
        self.telegram.press(where, user, message, data)
        found = self.telegram.wait(
            lambda: [one for one in self.answers(where) if one not in before],
            timeout=LONGEST_WAIT,
        )
        return found[-1]

    def audit(self) -> list[AuditEntry]:
        """What is on record, newest first."""
        return list_audit(self.engine, AuditFilter(), 100_000)


def text_of(message: Message) -> str:
    """What people read of a message."""
    return as_text(message.rich) if message.rich else message.text
