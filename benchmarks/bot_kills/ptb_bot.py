"""The bot of python-telegram-bot: `ptb_bot API TOKEN DEEDS CONCURRENT_UPDATES`."""

from __future__ import annotations

import sys
from typing import Any

from telegram import Update
from telegram.ext import ApplicationBuilder, CommandHandler, ContextTypes

from benchmarks.bot_kills.deeds import Deeds


def main(api: str, token: str, file: str, concurrent: int) -> None:
    """Answer `/jobs_show N` with N, once N is done."""
    deeds = Deeds(file)

    async def show(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.effective_chat and update.effective_message and context.args:
            await deeds.do(update.effective_chat.id, int(context.args[0]))
            await update.effective_message.reply_text(f"Job {context.args[0]}")

    builder: Any = ApplicationBuilder().token(token).base_url(f"{api}/bot")
    application = builder.concurrent_updates(concurrent or False).build()
    application.add_handler(CommandHandler("jobs_show", show))
    application.run_polling(allowed_updates=["message"])


if __name__ == "__main__":
    API, TOKEN, FILE, LIMIT = sys.argv[1:]
    main(API, TOKEN, FILE, int(LIMIT))
