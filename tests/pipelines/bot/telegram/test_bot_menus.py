"""Each person is shown what they may wish, wherever they are, whatever changes."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace

import pytest
import telegram as ptb
from sqlalchemy import Engine

from pipelines.bot.telegram.menus import MOST_COMMANDS, Menus, commands_of
from pipelines.operations import (
    VERBS,
    Caller,
    Role,
    change_role,
    find_caller,
    menu,
    revoke,
    shell_caller,
)
from sandbox.process import SandboxProcess
from sandbox.telegram.control import TelegramControl
from tests.kit.operations import somebody
from tests.kit.operations import telegram as identity

GROUP, CHAT = -1001, 1001
ANN, BEN = 1001, 1002


@dataclass
class Office:
    """A bot's menus; each use is a process of its own."""

    engine: Engine
    control: TelegramControl
    token: str
    url: str

    def see(self, *seen: tuple[int, int]) -> None:
        """Have somebody be answered in a chat, and all settle."""
        self.use(lambda menus: self._see(menus, seen))

    def use(self, work: Callable[[Menus], Coroutine[None, None, None]]) -> None:
        async def used() -> None:
            bot = ptb.Bot(self.token, f"{self.url}/bot")
            await bot.request.initialize()
            try:
                await work(Menus(bot, self.engine))
            finally:
                await bot.request.shutdown()

        asyncio.run(used())

    async def _see(self, menus: Menus, seen: tuple[tuple[int, int], ...]) -> None:
        for user, chat in seen:
            await menus.show(find_caller(self.engine, identity(user)), chat)
            await menus.settle()

    def shown(self, user: int, chat: int) -> set[str]:
        return {one.command for one in self.control.menu(chat, user)}

    def calls(self) -> int:
        """How many menus were set or taken away."""
        told = self.control.answers()
        return sum(
            times for (method, _), times in told.items() if "MyCommands" in method
        )


@pytest.fixture
def office(engine: Engine, sandbox: SandboxProcess) -> Iterator[Office]:
    control = sandbox.control.telegram
    control.reset()
    control.say(GROUP, ANN, "hello")
    control.say(CHAT, ANN, "hello")
    control.say(BEN, BEN, "hello")
    host, port = sandbox.addresses.telegram
    yield Office(engine, control, sandbox.addresses.token, f"http://{host}:{port}")
    control.up()
    control.reset()


def names(role: Role) -> set[str]:
    """The commands of a role."""
    may = menu(VERBS, Caller(identity(1), None, role))
    return {verb.name.replace(" ", "_") for verb in may}


STRANGER = {"start", "help"}


def test_each_person_is_shown_what_they_may_wherever_they_were_seen(
    office: Office, engine: Engine
) -> None:
    somebody(engine, "Anna", ANN, Role.ADMIN)
    somebody(engine, "Boris", BEN, Role.VIEWER)
    office.see((ANN, GROUP), (ANN, CHAT), (BEN, GROUP), (BEN, BEN))
    assert office.shown(ANN, GROUP) == office.shown(ANN, CHAT) == names(Role.ADMIN)
    assert office.shown(BEN, GROUP) == office.shown(BEN, BEN) == names(Role.VIEWER)
    assert "people_revoke" in names(Role.ADMIN) - names(Role.VIEWER)


def test_a_stranger_is_shown_how_to_begin(office: Office) -> None:
    office.see((BEN, BEN), (BEN, GROUP))
    assert office.shown(BEN, BEN) == office.shown(BEN, GROUP) == STRANGER
    assert office.calls() == 1


def test_nothing_is_sent_while_nothing_changes_even_by_another_process(
    office: Office, engine: Engine
) -> None:
    somebody(engine, "Anna", ANN, Role.ADMIN)
    office.see((ANN, CHAT))
    before = office.calls()
    office.see((ANN, CHAT), (ANN, CHAT))
    office.see((ANN, CHAT))
    assert before == office.calls() == 2


def test_a_new_role_is_shown_when_anybody_is_answered(
    office: Office, engine: Engine
) -> None:
    somebody(engine, "Anna", ANN, Role.ADMIN)
    somebody(engine, "Boris", BEN, Role.VIEWER)
    office.see((ANN, GROUP), (BEN, BEN), (BEN, GROUP))
    with engine.begin() as connection:
        change_role(connection, "Boris", Role.OPERATOR)
    office.see((ANN, GROUP))
    assert office.shown(BEN, BEN) == office.shown(BEN, GROUP) == names(Role.OPERATOR)


def test_who_was_revoked_loses_the_menu_without_writing_and_gets_it_back(
    office: Office, engine: Engine
) -> None:
    somebody(engine, "Anna", ANN, Role.ADMIN)
    somebody(engine, "Boris", BEN, Role.OPERATOR)
    office.see((BEN, BEN), (BEN, GROUP))
    with engine.begin() as connection:
        revoke(connection, "Boris")
    office.see((ANN, CHAT))
    assert office.shown(BEN, BEN) == office.shown(BEN, GROUP) == STRANGER
    before = office.calls()
    office.see((BEN, BEN), (BEN, GROUP))
    assert office.calls() == before
    somebody(engine, "Boris", BEN, Role.VIEWER)
    office.see((BEN, BEN))
    assert office.shown(BEN, BEN) == names(Role.VIEWER)
    assert office.shown(BEN, GROUP) == STRANGER


def test_another_bot_begins_anew(
    office: Office, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    somebody(engine, "Anna", ANN, Role.ADMIN)
    office.see((ANN, CHAT))
    assert not caplog.records
    replace(office, token="2:another").see((ANN, CHAT))
    assert "the menus of commands wait" in caplog.text


@pytest.mark.parametrize("code", [400, 403])
def test_a_menu_that_is_refused_is_not_tried_again_and_others_are_set(
    office: Office, engine: Engine, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    somebody(engine, "Anna", ANN, Role.ADMIN)
    somebody(engine, "Boris", BEN, Role.VIEWER)
    office.see((ANN, GROUP))

    async def refused(menus: Menus) -> None:
        office.control.fail(code, method="setMyCommands")
        for user, chat in ((ANN, CHAT), (ANN, CHAT), (BEN, BEN), (ANN, CHAT)):
            await menus.show(find_caller(engine, identity(user)), chat)
            await menus.settle()

    office.use(refused)
    assert office.shown(ANN, CHAT) == STRANGER
    assert office.shown(BEN, BEN) == names(Role.VIEWER)
    told = [one for one in caplog.records if "menu" in one.message]
    assert [one.levelno for one in told] == [logging.WARNING]
    assert office.token not in caplog.text


# The bot's own client raises an error that does not warn.
@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
def test_a_busy_server_is_left_alone_for_as_long_as_it_says(
    office: Office, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    somebody(engine, "Anna", ANN, Role.ADMIN)

    async def busy(menus: Menus) -> None:
        office.control.fail(429, retry_after=500, method="setMyCommands")
        for _ in range(3):
            await menus.show(find_caller(engine, identity(ANN)), CHAT)
            await menus.settle()

    office.use(busy)
    assert office.calls() == 1
    assert "the menus of commands wait" in caplog.text
    office.see((ANN, CHAT))
    assert office.shown(ANN, CHAT) == names(Role.ADMIN)


def test_nobody_waits_for_a_menu_and_no_failure_is_anybodys(
    office: Office, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    somebody(engine, "Anna", ANN, Role.ADMIN)
    caller = find_caller(engine, identity(ANN))
    office.control.down()

    async def away(menus: Menus) -> None:
        await menus.show(caller, CHAT)
        assert office.calls() == 0
        await menus.settle()

    office.use(away)
    assert "the menus of commands wait" in caplog.text


def test_whoever_comes_by_another_way_has_no_menu(office: Office) -> None:
    async def shell(menus: Menus) -> None:
        await menus.show(shell_caller(), CHAT)
        await menus.settle()

    office.use(shell)
    assert office.calls() == 0


@pytest.mark.parametrize("role", Role)
def test_telegram_takes_every_command(role: Role) -> None:
    commands = commands_of(menu(VERBS, Caller(identity(1), None, role)))
    assert 0 < len(commands) < MOST_COMMANDS
    for command, description in commands:
        assert re.fullmatch(r"[a-z0-9_]{1,32}", command)
        assert 0 < len(description) <= 256
