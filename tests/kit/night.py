"""A night with the bot, as its chat shows it, and the document that has it.

``python -m tests.kit.night`` plays one and writes it there.
"""

from __future__ import annotations

import re
import socket
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.bot import texts
from sandbox.process import SandboxProcess
from sandbox.telegram.chats import Message
from sandbox.telegram.control import TelegramControl
from tests.kit.chats import GROUP, LONGEST_WAIT, OPERATOR, Chats, text_of
from tests.kit.commands import SERVER
from tests.kit.project import DAY, ORDERS_DDL, REPOSITORY, Project, insert, orders

PAGE = REPOSITORY / "docs" / "night.md"
BEGIN, END = "<!-- the night begins -->\n", "<!-- the night ends -->\n"

WIDTH, PROSE = 78, 90
BROKEN = {"abakan": "mssql_0", "chita": "mssql_1"}
WELL = {"moscow": "mssql_2"}
ROWS = 1_000
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d"
MADE_UP = (
    (rf"{MOMENT} to {MOMENT} UTC", "2019-03-15 02:14 to 2019-03-15 02:22 UTC"),
    (rf"running since {MOMENT}", "running since 2019-03-15 02:21"),
    (rf"({MOMENT}):\d\d", "2019-03-15 02:14:07"),
    (rf"(?!2019-03-15){MOMENT}", "2019-03-15 02:14"),
    (r"after \d+ (s|min)\b", "after 41 s"),
    (r"\d+\.\d s\b", "0.3 s"),
    (re.escape(socket.gethostname()), "etl-1"),
)
"""What differs from night to night, and what the page has for it."""


@dataclass
class Transcript:
    """What was seen and done, in Markdown."""

    parts: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Say what happens."""
        self.parts.append(f"{textwrap.fill(text, PROSE)}\n")

    def title(self, text: str) -> None:
        """Begin a part."""
        self.parts.append(f"## {text}\n")

    def person(self, did: str) -> None:
        """Tell what a person did."""
        self.parts.append(f"> **Olga** {did}\n")

    def bot(self, message: Message, what: str = "") -> None:
        """Show a message as the chat does."""
        keys = [
            " ".join(f"[{button.text}]" for button in row) for row in message.keyboard
        ]
        lines = [*_folded(made_up(text_of(message))), *keys]
        self.parts.append(f"**shardline**{what}\n")
        self.parts.append("\n".join(["```text", *lines, "```\n"]))

    def terminal(self, told: str) -> None:
        """Show what a command wrote."""
        lines = _folded(made_up(told.strip()))
        self.parts.append("\n".join(["```text", *lines, "```\n"]))

    def __str__(self) -> str:
        return "\n".join(self.parts)


@dataclass
class Night:
    """Plays a night: two of three shards have lost a table, and get it back.

    Attributes:
        project: Is given its shards here.
        telegram: Where people write, and read.
    """

    project: Project
    telegram: TelegramControl
    told: Transcript = field(default_factory=Transcript)

    def __post_init__(self) -> None:
        for name, server in BROKEN.items():
            self.project.add_shard(name, server=server, ddl="")
        for name, server in WELL.items():
            self.project.add_shard(name, server=server)
            insert(self.project, name, orders(ROWS))
        self.chats = Chats(self.project, self.telegram)

    def play(self) -> str:
        """The whole night, with real processes."""
        with self.chats.bot(), self._jobs():
            self._break()
            self._understand()
            self._mend()
            self._recover()
        return str(self.told)

    @contextmanager
    def _jobs(self) -> Iterator[None]:
        worker = self.project.start("shardline", "jobs", "work")
        try:
            yield
        finally:
            worker.terminate()
            worker.communicate(LONGEST_WAIT)

    def _break(self) -> None:
        self.told.title("It breaks")
        self.told.tell(
            "The night's run finds that two of the three shards have no"
            " table `Orders`. It loads the third one, and tells what to do:"
        )
        run = self.project.run("shardline", "run", "orders", "--date", DAY)
        self.told.terminal(f"$ shardline run orders --date {DAY}\n{run.err}{run.out}")
        self.told.title("The chat is told")
        self.told.tell(
            "Two failures have one cause, so they are one"
            " message. It has buttons, since the bot has sent it:"
        )
        self.told.bot(self._new(0, "🔴"))

    def _understand(self) -> None:
        self.told.title("What, and why")
        self.told.person(f"presses [{texts.WHAT_FAILED}]")
        before = self._count()
        self._press(texts.WHAT_FAILED)
        self.told.bot(self._new(before, "lacking still"))
        self._ask(f"/why abakan {DAY}")

    def _mend(self) -> None:
        for name in BROKEN:
            self.project.on_shard(name, ORDERS_DDL)
            insert(self.project, name, orders(ROWS))
        self.told.title("The plan")
        self.told.tell(
            "The owner of the shards has given the tables back. Olga has"
            " just what is lacking loaded again, by the button below the incident:"
        )
        self.told.person(f"presses [{texts.RERUN}]")
        before = self._count()
        self._press(texts.RERUN)
        asked = self._new(before, texts.SHALL_I)
        self.told.bot(asked)
        self.told.title("Agreed")
        held = self.project.sandbox.control.hold(
            r"^SELECT\s+q\.", server=BROKEN["chita"]
        )
        self.told.person(f"presses [{texts.AGREE}]")
        self._press(texts.AGREE)
        self.told.tell(
            "The question becomes the message of a job, and is edited as that goes on:"
        )
        self.told.bot(self._shows(asked, "1 of 2"), ", edited")
        self.project.sandbox.control.remove(held)

    def _recover(self) -> None:
        self.told.title("It is over")
        self.told.tell("An edit wakes nobody, so the end is a message of its own:")
        self.told.bot(self._new(0, texts.LAST_LINES))
        self.told.tell(
            "And since nothing is lacking any more, the incident is over. Its message"
            " loses the buttons, and has this reply:"
        )
        over = self._new(0, "🟢")
        self._wait(
            lambda: [
                one
                for one in self.chats.answers(GROUP)
                if one.id == over.reply_to and not one.keyboard
            ]
        )
        self.told.bot(over)
        self._ask(f"/status orders {DAY}")

    def _ask(self, text: str) -> None:
        self.told.person(f"writes `{text}`")
        before = self._count()
        self.chats.say(text, OPERATOR, GROUP)
        self.told.bot(self._new(before, "orders"))

    def _press(self, label: str) -> None:
        message, button = next(
            (one, button)
            for one in reversed(self.chats.answers(GROUP))
            for row in one.keyboard
            for button in row
            if button.text == label
        )
        self.telegram.press(GROUP, OPERATOR, message.id, button.data)

    def _count(self) -> int:
        return len(self.chats.answers(GROUP))

    def _new(self, after: int, words: str) -> Message:
        """The message with some words that comes after so many."""
        return self._wait(
            lambda: [
                one
                for one in self.chats.answers(GROUP)[after:]
                if words in text_of(one)
            ]
        )

    def _shows(self, shown: Message, words: str) -> Message:
        """A message, once it shows some words."""
        return self._wait(
            lambda: [
                one
                for one in self.chats.answers(GROUP)
                if one.id == shown.id and words in text_of(one)
            ]
        )

    def _wait(self, look: Callable[[], list[Message]]) -> Message:
        return self.telegram.wait(look, timeout=2 * LONGEST_WAIT)[0]


def made_up(text: str) -> str:
    """A text without what differs from night to night."""
    for pattern, told in MADE_UP:
        text = re.sub(pattern, told, text)
    return text


def rendered(page: str, night: str) -> str:
    """The page with a night in it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin, "the page has no place for a night"
    assert end, "the page's night has no end"
    return f"{before}{begin}\n{night}\n{end}{after}"


def _folded(text: str) -> Iterator[str]:
    """Lines as wide as a page; those of tables are left alone."""
    for line in text.splitlines():
        if " | " in line:
            yield line
        else:
            yield from textwrap.wrap(line, WIDTH, subsequent_indent="  ") or [""]


def main() -> None:
    """Play a night in a sandbox of its own, and write it into the page."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with SandboxProcess(home / "sandbox") as sandbox:
            project = Project(home, sandbox)
            night = Night(project, sandbox.control.telegram).play()
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(rendered(page, night), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    finally:
        SERVER.stop()
