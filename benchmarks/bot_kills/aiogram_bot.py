"""The bot of aiogram: `aiogram_bot API TOKEN DEEDS LIMIT`.

Runs in an environment of its own, which has nothing of ours: aiogram wants an older
pydantic. LIMIT is how many updates are handled at a time; 0 means as many as there are,
and 1 one after another, each before the next ones are fetched.
"""

from __future__ import annotations

import sys

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from benchmarks.bot_kills.deeds import Deeds


def main(api: str, token: str, file: str, limit: int) -> None:
    """Answer `/jobs_show N` with N, once N is done."""
    deeds = Deeds(file)

    async def show(message: Message, command: CommandObject) -> None:
        await deeds.do(message.chat.id, int(command.args))
        await message.answer(f"Job {command.args}")

    dispatcher = Dispatcher()
    dispatcher.message.register(show, Command("jobs_show"))
    session = AiohttpSession(api=TelegramAPIServer.from_base(api))
    dispatcher.run_polling(
        Bot(token, session=session),
        handle_as_tasks=limit != 1,
        tasks_concurrency_limit=limit if limit > 1 else None,
    )


if __name__ == "__main__":
    API, TOKEN, FILE, LIMIT = sys.argv[1:]
    main(API, TOKEN, FILE, int(LIMIT))
