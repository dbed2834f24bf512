"""People in many chats write commands while their bot is killed again and again."""

from __future__ import annotations

import random
import re
import resource
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.bot_kills.bots import Bot
from benchmarks.bot_kills.counts import Counts, count
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.rich import as_text

PEOPLE = range(101, 113)
"""Who write, each in a chat with the bot; the numbers are those of the chats, too."""

PAUSE = (4.0, 8.0)
"""Seconds between two commands of a person."""

AHEAD = 2
"""Most commands of a person that are not answered, of those since the bot was last
started: so a machine on which starts are slow is not flooded."""

ALIVE = 4.0
"""Seconds that a bot lives at most once it has answered."""

LOOK = 0.1
"""Seconds between two looks at the chats: so exact are delays."""

FIRST = 1_000
"""The first command's number."""

NUMBER = re.compile(r"\b[1-9]\d{3}\b")
"""A command's number, the first in its answer with so many digits."""

QUIET = 10.0
"""Seconds without a new answer, after which none is waited for."""

PATIENCE = 180.0
"""Seconds in which a bot that was started must answer, and one must end."""


class BotFailedError(Exception):
    """A bot ended by itself, did not answer or did not end."""


@dataclass(frozen=True)
class Figures:
    """How a bot stood it.

    Attributes:
        kills: How often it was started again.
        cpu: Processor time of all its processes, in seconds.
    """

    counts: Counts
    kills: int
    cpu: float


@dataclass
class Scene:
    """The people, and what they see."""

    telegram: TelegramControl
    rng: random.Random
    said: dict[int, dict[int, float]] = field(
        default_factory=lambda: {chat: {} for chat in PEOPLE}
    )
    """When each command was written, by chat and number."""
    delays: dict[int, float] = field(default_factory=dict)
    """From a command to its first answer, by number."""
    _due: dict[int, float] = field(init=False)
    _started: int = FIRST

    def __post_init__(self) -> None:
        """Let the first commands come one after another."""
        now = time.monotonic()
        self._due = {chat: now + self.rng.uniform(0, PAUSE[1]) for chat in self.said}

    def write(self) -> None:
        """Let everybody write who has waited long enough."""
        for chat, said in self.said.items():
            now = time.monotonic()
            if now < self._due[chat] or self._is_ahead(said):
                continue
            self._due[chat] = now + self.rng.uniform(*PAUSE)
            number = FIRST + sum(map(len, self.said.values()))
            said[number] = now
            self.telegram.say(chat, chat, f"/jobs_show {number}")

    def begin(self) -> None:
        """The bot was started: nobody counts on what was not answered before."""
        self._started = FIRST + sum(map(len, self.said.values()))

    def _is_ahead(self, said: Iterable[int]) -> bool:
        newest = (one for one in said if one >= self._started)
        return sum(one not in self.delays for one in newest) >= AHEAD

    def look(self) -> int:
        """Look for first answers; how many there are by now."""
        for chat, said in self.said.items():
            if missing := said.keys() - self.delays.keys():
                for number in missing.intersection(self.told(chat)):
                    self.delays[number] = time.monotonic() - said[number]
        return len(self.delays)

    def told(self, chat: int) -> list[int]:
        """The numbers in a chat's answers, as they came."""
        answers = [one for one in self.telegram.messages(chat) if not one.sender]
        texts = [as_text(one.rich) if one.rich else one.text for one in answers]
        return [int(found[0]) for text in texts if (found := NUMBER.search(text))]

    def is_over(self) -> bool:
        """Whether every command is answered."""
        return self.look() == sum(map(len, self.said.values()))


def play(
    bot: Bot, telegram: TelegramControl, kills: int, by: int, seed: int
) -> Figures:
    """Kill a bot at random moments, start it again at once, and count.

    Args:
        bot: The bot, which has done nothing yet.
        telegram: Where people write; its chats are empty.
        kills: How often.
        by: The signal.
        seed: Of the moments.

    Raises:
        BotFailedError: It was no kill that ended it, or it did nothing in time.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    lives = [rng.uniform(0, ALIVE) for _ in range(kills)]
    scene = Scene(telegram, random.Random(seed))  # noqa: S311 - no secret
    before = _cpu_of_children()
    for life in lives:
        with _running(bot, by) as process:
            _live(scene, process, life)
        scene.look()
    with _running(bot, signal.SIGTERM) as process:
        _live(scene, process, 0)
        _drain(scene)
    cpu = _cpu_of_children() - before
    return Figures(_counted(scene, bot), kills, cpu)


def _counted(scene: Scene, bot: Bot) -> Counts:
    said = {chat: list(numbers) for chat, numbers in scene.said.items()}
    told = {chat: scene.told(chat) for chat in said}
    done: dict[int, list[int]] = defaultdict(list)
    for chat, number in bot.deeds():
        done[chat].append(number)
    return count(said, done, told, list(scene.delays.values()))


def _live(scene: Scene, process: subprocess.Popen[bytes], life: float) -> None:
    """Write until the bot has answered, and for so many seconds more."""
    scene.begin()
    answers, deadline = scene.look(), time.monotonic() + PATIENCE
    while scene.look() == answers:
        if time.monotonic() > deadline:
            raise BotFailedError(f"no answer within {PATIENCE:g} seconds")
        _go_on(scene, process, LOOK)
    end = time.monotonic() + life
    while (left := end - time.monotonic()) > 0:
        scene.look()
        _go_on(scene, process, min(LOOK, left))


def _go_on(scene: Scene, process: subprocess.Popen[bytes], seconds: float) -> None:
    if process.poll() is not None:
        raise BotFailedError(f"it ended by itself: {process.returncode}")
    scene.write()
    time.sleep(seconds)


def _drain(scene: Scene) -> None:
    """Wait until all is answered, or nothing comes any more."""
    answers, since = -1, time.monotonic()
    while not scene.is_over() and time.monotonic() - since < QUIET:
        if (now := scene.look()) > answers:
            answers, since = now, time.monotonic()
        time.sleep(LOOK)


@contextmanager
def _running(bot: Bot, by: int) -> Iterator[subprocess.Popen[bytes]]:
    """The bot as a process, which is ended by a signal."""
    with (bot.folder / "bot.log").open("ab") as log:
        process = bot.start(log.fileno())
    try:
        yield process
        process.send_signal(by)
        process.wait(PATIENCE)
    except (BotFailedError, subprocess.TimeoutExpired) as error:
        told = (bot.folder / "bot.log").read_text(encoding="utf-8", errors="replace")
        raise BotFailedError(f"{bot.title}: {error}\n{told[-2_000:]}") from error
    finally:
        process.kill()
        process.wait()


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
