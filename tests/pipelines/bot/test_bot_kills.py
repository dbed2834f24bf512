"""Bots, the worker of their jobs and the database are killed at random.

Two bots run, one of which polls. People in many chats write commands, each of which is
told from all others, and have days loaded: that asks, is agreed to by a button and
becomes a job, which is carried out by a worker.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.bot import texts
from pipelines.bot.inbox import figures
from pipelines.errors import TransientError
from pipelines.jobs import JobFilter, JobState
from pipelines.operations import audited_queue
from sandbox.process import SandboxProcess
from sandbox.telegram.chats import Message
from sandbox.telegram.control import TelegramControl
from tests.kit.chats import Chats, text_of
from tests.kit.commands import Process
from tests.kit.operations import somebody
from tests.kit.postgres import Postgres, running, why_not
from tests.kit.project import Project

logger = logging.getLogger(__name__)

PEOPLE = range(101, 113)
LOADER = 200
"""Who has days loaded."""
PAUSE = 1.6
"""Seconds between two commands of one person, who would else be told that it is too
much."""
AHEAD = 6
"""Most commands of a person that are not answered."""
WAIT = 240.0
FIRST_DAY = date(2019, 1, 1)
BOTS = 2


@dataclass
class Person:
    """Who writes commands: `jobs show N`, each with a number of its own."""

    user: int
    said: list[int] = field(default_factory=list)
    again: float = 0.0


@dataclass
class Scene:
    """Who is at work, who writes, and who is killed."""

    chats: Chats
    rng: random.Random
    server: Postgres | None
    processes: list[tuple[str, Process]] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    died: list[str] = field(default_factory=list)
    people: list[Person] = field(default_factory=lambda: list(map(Person, PEOPLE)))
    days: list[date] = field(default_factory=list)
    agreed: set[str] = field(default_factory=set)
    numbers: int = 1_000

    def man(self) -> None:
        """Have all at work who ought to be."""
        for one in [one for one in self.processes if one[1].poll() is not None]:
            self.processes.remove(one)
            _, told = one[1].communicate(WAIT)
            if one[1].returncode != -9:
                self.died.append(f"{one[0]}: {one[1].returncode} {told[-2000:]}")
        there = Counter(name for name, _ in self.processes)
        for name, count in (("bot", BOTS), ("worker", 1)):
            words = ("bot",) if name == "bot" else ("jobs", "work")
            for _ in range(count - there[name]):
                process = self.chats.project.start("shardline", *words)
                self.processes.append((name, process))

    def write(self) -> None:
        """Let everybody write who has nothing else to do."""
        now = time.monotonic()
        for person in self.people:
            if now < person.again:
                continue
            if len(person.said) - len(self.told(person)) >= AHEAD:
                continue
            person.again = now + PAUSE * self.rng.uniform(1, 2)
            self.numbers += 1
            person.said.append(self.numbers)
            self.chats.say(f"/jobs_show {self.numbers}", person.user)

    def load(self, most: int) -> None:
        """Go on with the days that are to be loaded: ask for one, or agree to it."""
        asked = [
            one.keyboard[0][0].data
            for one in self.chats.answers(LOADER)
            if texts.AGREE in labels(one)
        ]
        new = [data for data in asked if data not in self.agreed]
        if new:
            self.agreed.add(new[-1])
            shown = self.chats.answers(LOADER)
            message = next(one.id for one in shown if is_asking(one, new[-1]))
            self.chats.telegram.press(LOADER, LOADER, message, new[-1])
        elif len(self.days) < most and len(self.agreed) == len(self.days):
            self.days.append(FIRST_DAY + timedelta(len(self.days)))
            self.chats.say(f"/run orders {self.days[-1]}", LOADER)

    def told(self, person: Person) -> list[int]:
        """The numbers that a person was answered with, as they came."""
        texts_ = [text_of(one) for one in self.chats.answers(person.user)]
        return [int(found[1]) for one in texts_ if (found := re.search(r"(\d+)", one))]

    def kill_somebody(self) -> None:
        odds = [20, 4, 1 if self.server else 0]
        (whom,) = self.rng.choices(["bot", "worker", "database"], odds)
        if whom == "database" and self.server:
            self.killed[whom] += 1
            self.server.kill()
            return
        named = [process for name, process in self.processes if name == whom]
        process = self.rng.choice(named)
        self.killed[whom] += process.poll() is None
        process.kill()

    def drain(self) -> None:
        """Let them come to an end with all that was written."""
        deadline = time.monotonic() + WAIT
        while not self.is_done():
            self.man()
            self.load(len(self.days))
            assert time.monotonic() < deadline, self.missing()
            time.sleep(0.1)

    def is_done(self) -> bool:
        try:
            jobs = audited_queue(self.chats.engine).list(JobFilter(), 1_000)
            waiting = figures(self.chats.engine).waiting
        except TransientError:
            return False
        is_loaded = len(jobs) == len(self.days)
        is_over = all(one.state is JobState.SUCCEEDED for one in jobs)
        return is_loaded and is_over and not waiting and not self.missing()

    def missing(self) -> list[int]:
        return [
            number
            for person in self.people
            for number in set(person.said) - set(self.told(person))
        ]


def is_asking(message: Message, data: str) -> bool:
    return any(button.data == data for row in message.keyboard for button in row)


def labels(message: Message) -> list[str]:
    return [button.text for row in message.keyboard for button in row]


@contextmanager
def scene(
    kind: str, folder: Path, sandbox: SandboxProcess, telegram: TelegramControl
) -> Iterator[Scene]:
    telegram.set_pace(1_000)
    with running() if kind == "postgresql" else nullcontext() as server:
        url = server.fresh_database() if server else ""
        project = Project(folder, sandbox, etl_database=url)
        project.loadable(3)
        project.options["jobs"] = {
            "lease": "2",
            "beat": "0.5",
            "poll": "0.2",
            "backoff": "0.1",
        }
        project.options["bot"] = {"processes": "0"}
        chats = Chats(project, telegram)
        for user in (*PEOPLE, LOADER):
            telegram.add_chat(user)
            somebody(chats.engine, f"Person {user}", user)
        made = Scene(chats, random.Random(16), server)
        try:
            yield made
        finally:
            for _, process in made.processes:
                process.kill()
                process.communicate(WAIT)
            chats.engine.dispose()


def kill_at_random(at: Scene, kills: int, days: int) -> None:
    while at.killed["bot"] < kills:
        at.man()
        at.write()
        at.load(days)
        time.sleep(at.rng.uniform(0, 0.4))
        at.kill_somebody()
    at.drain()
    assert at.died == []
    said = [number for person in at.people for number in person.said]
    told = [number for person in at.people for number in at.told(person)]
    counts = f"{len(said)} commands, {len(told)} replies, {len(at.days)} days"
    logger.warning("killed %s; %s", dict(at.killed), counts)
    accepted = Counter(
        int(one.arguments) for one in at.chats.audit() if one.verb == "jobs show"
    )
    # Nothing lost, nothing accepted twice, and each chat in its order.
    assert accepted == Counter(said)
    for person in at.people:
        assert list(dict.fromkeys(at.told(person))) == person.said
    # Of a reply whose sender was killed, a repeat, and of few others.
    assert len(told) - len(said) <= at.killed.total()
    agreed = [one for one in at.chats.audit() if one.verb == "run" and one.plan]
    assert len(agreed) == len(at.days)


def test_no_command_is_lost_or_twice_whoever_is_killed(
    tmp_path: Path, sandbox: SandboxProcess, telegram: TelegramControl
) -> None:
    with scene("sqlite", tmp_path, sandbox, telegram) as at:
        kill_at_random(at, kills=12, days=2)


@pytest.mark.long
@pytest.mark.timeout(5_400)
@pytest.mark.parametrize(
    "kind",
    [
        "sqlite",
        pytest.param(
            "postgresql", marks=pytest.mark.skipif(bool(why_not()), reason="none")
        ),
    ],
)
def test_no_command_is_lost_or_twice_after_a_thousand_kills(
    kind: str, tmp_path: Path, sandbox: SandboxProcess, telegram: TelegramControl
) -> None:
    with scene(kind, tmp_path, sandbox, telegram) as at:
        kill_at_random(at, kills=1_000, days=40)
