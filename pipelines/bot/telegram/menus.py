"""The menus of commands: Telegram shows each person what they may wish, and no more.

What was set is kept in the ETL database, not in memory: a person who was revoked while
the bot was down, and who never writes again, is to lose the menu all the same, and a
bot that starts anew has nothing to send. A digest has the bot's own id in it, so that
another bot begins anew.

A menu gives nobody a right; whoever writes what is not in theirs is refused.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, select
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
    BotCommandScopeDefault,
)
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from pipelines.bot import texts
from pipelines.errors import ShardlineError
from pipelines.etl_db import (
    database_time,
    etl_db_errors,
    identities_table,
    menus_table,
    people_table,
)
from pipelines.operations import (
    VERBS,
    AnyVerb,
    Caller,
    Identity,
    IdentityKind,
    Role,
    digest_of,
    menu,
)

logger = logging.getLogger(__name__)

MOST_COMMANDS = 100
"""That Telegram takes."""

LONGEST_DESCRIPTION = 256

PAUSE = 60.0
"""Seconds until Telegram is asked again that could not be reached."""

UNUSABLE = "the menus cannot be kept"

_rows = menus_table.c


@dataclass(frozen=True)
class Seat:
    """Where somebody sees a menu: a chat, and who of those in it.

    Attributes:
        chat: The chat's number: above 0 with one person, below with several.
        user: The person's number.
    """

    chat: int
    user: int

    @property
    def scope(self) -> BotCommandScope:
        """What Telegram calls it."""
        if self == EVERYWHERE:
            return BotCommandScopeDefault()
        if self.chat > 0:
            return BotCommandScopeChat(self.chat)
        return BotCommandScopeChatMember(self.chat, self.user)


EVERYWHERE = Seat(0, 0)
"""Where no other menu is set."""

Commands = tuple[tuple[str, str], ...]
"""Each command, and what it does."""


class Menus:
    """Keeps the menus of one bot as the people are."""

    def __init__(
        self, bot: Bot, engine: Engine, verbs: Sequence[AnyVerb] = VERBS
    ) -> None:
        """Prepare to set menus.

        Args:
            bot: Whose menus.
            engine: The ETL database.
            verbs: What there is to wish.
        """
        self._bot, self._engine, self._verbs = bot, engine, verbs
        self._seen: set[Seat] = set()
        self._refused: dict[Seat, str] = {}
        """Which menus Telegram does not take: those are not tried again."""
        self._not_before = 0.0
        self._task: asyncio.Task[None] | None = None

    async def show(self, caller: Caller, chat: int) -> None:
        """Have somebody's menu be what they may, and those of all others, too.

        It returns at once; what fails is logged, and tried again when anybody is seen.

        Args:
            caller: Who was answered.
            chat: Where.
        """
        if caller.identity.kind is not IdentityKind.TELEGRAM:
            return
        self._seen.add(Seat(chat, int(caller.identity.subject)))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._bring_up(), name="menus")

    async def settle(self) -> None:
        """Wait until all is set that was to be, as before an end in order."""
        if self._task is not None:
            await self._task

    async def _bring_up(self) -> None:
        try:
            while self._seen and time.monotonic() >= self._not_before:
                seen, self._seen = self._seen, set()
                if not await self._is_set(await asyncio.to_thread(self._changed, seen)):
                    self._seen |= seen
        except ShardlineError as error:
            logger.warning("the menus of commands are left as they are: %s", error)

    async def _is_set(self, changed: Iterable[tuple[Seat, Commands]]) -> bool:
        """Set menus one after the other; False if the rest has to wait."""
        for seat, commands in changed:
            try:
                await self._set(seat, commands)
            except (BadRequest, Forbidden) as error:
                self._refused[seat] = self._digest(commands)
                logger.warning("a menu of commands is not set: %s", error)
            except TelegramError as error:
                self._not_before = time.monotonic() + _pause_after(error)
                logger.warning("the menus of commands wait: %s", error)
                return False
            else:
                await asyncio.to_thread(self._keep, seat, commands)
        return True

    async def _set(self, seat: Seat, commands: Commands) -> None:
        if commands:
            menu_ = [BotCommand(*each) for each in commands]
            await self._bot.set_my_commands(menu_, scope=seat.scope)
        else:
            await self._bot.delete_my_commands(scope=seat.scope)

    def _changed(self, seen: Iterable[Seat]) -> list[tuple[Seat, Commands]]:
        """The menus that are not as they are to be: those of now, and of before."""
        with etl_db_errors(UNUSABLE), self._engine.connect() as connection:
            set_before = {
                Seat(chat, user): digest
                for chat, user, digest in connection.execute(
                    select(_rows.chat, _rows.user, _rows.digest)
                )
            }
            roles = _roles(connection)
        wanted = {
            seat: self._commands(seat, roles.get(seat.user))
            for seat in (EVERYWHERE, *set_before, *seen)
        }
        return [
            (seat, commands)
            for seat, commands in wanted.items()
            if self._digest(commands)
            not in {set_before.get(seat), self._refused.get(seat)}
            # Who may nothing, and had no menu, sees the one of everybody.
            and (commands or seat in set_before)
        ]

    def _commands(self, seat: Seat, role: Role | None) -> Commands:
        if seat == EVERYWHERE:
            return tuple(texts.COMMANDS_OF_STRANGERS.items())
        identity = Identity(IdentityKind.TELEGRAM, str(seat.user))
        return commands_of(menu(self._verbs, Caller(identity, None, role)))

    def _digest(self, commands: Commands) -> str:
        return digest_of(repr((self._bot.token.partition(":")[0], commands)))

    def _keep(self, seat: Seat, commands: Commands) -> None:
        which = delete(menus_table).where(
            _rows.chat == seat.chat, _rows.user == seat.user
        )
        with etl_db_errors(UNUSABLE), self._engine.begin() as connection:
            connection.execute(which)
            if commands:
                new = insert(menus_table).values(
                    chat=seat.chat,
                    user=seat.user,
                    digest=self._digest(commands),
                    shown=database_time(self._engine),
                )
                connection.execute(new)


def commands_of(verbs: Iterable[AnyVerb]) -> Commands:
    """Verbs as Telegram's commands: what has a blank is written with an underscore."""
    every = tuple(
        (verb.name.replace(" ", "_"), verb.summary[:LONGEST_DESCRIPTION])
        for verb in verbs
    )
    return every[:MOST_COMMANDS]


def _roles(connection: Connection) -> dict[int, Role]:
    """What those are who come by Telegram, by their numbers there."""
    people, known = people_table.c, identities_table.c
    query = (
        select(known.subject, people.role)
        .join_from(identities_table, people_table, known.person == people.number)
        .where(known.kind == IdentityKind.TELEGRAM.value, people.revoked.is_(None))
    )
    return {int(subject): Role(role) for subject, role in connection.execute(query)}


def _pause_after(error: TelegramError) -> float:
    """Seconds until Telegram is asked again."""
    if not isinstance(error, RetryAfter):
        return PAUSE
    return error._retry_after.total_seconds()  # noqa: SLF001 - the other one warns
