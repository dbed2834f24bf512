"""Documents from Telegram: fetched if they are wanted, and gone again if not kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from telegram import Bot

from pipelines.bot import texts
from pipelines.bot.documents.receiving import Documents
from pipelines.bot.messages import Document, Message
from pipelines.errors import ShardlineError

SECONDS = 120.0
"""For how long a document may take to come."""

Download = Callable[[Bot, str, Path, int], Awaitable[object]]
"""Writes a file of Telegram's into one of ours, of so many octets at most."""


@asynccontextmanager
async def fetched(
    bot: Bot, documents: Documents, said: Message, download: Download
) -> AsyncIterator[Message]:
    """The message with its document's file, which is there until this ends.

    What is not taken is not fetched; what was fetched and not kept is deleted.

    Args:
        bot: Who was sent it.
        documents: Who takes documents.
        said: The message; one without a document stays as it is.
        download: Fetches a file.

    Raises:
        ShardlineError: The ETL database cannot be read.
    """
    document = said.document
    if document is None or not await asyncio.to_thread(documents.is_wanted, said):
        yield said
        return
    got = await _got(bot, documents, document, download)
    try:
        yield replace(said, document=got)
    finally:
        if got.file is not None:
            await asyncio.to_thread(got.file.unlink, missing_ok=True)


async def _got(
    bot: Bot, documents: Documents, document: Document, download: Download
) -> Document:
    """The document with its file, or with what went wrong."""
    file: Path | None = None
    try:
        file = await asyncio.to_thread(documents.shelf.new_file)
        async with asyncio.timeout(SECONDS):
            await download(bot, document.file_id, file, documents.most)
    except BaseException as error:
        if file is not None:
            await asyncio.to_thread(file.unlink, missing_ok=True)
        if not isinstance(error, ShardlineError | OSError):
            raise
        # An OSError's text may have a path of ours in it; TimeoutError is one.
        why = str(error) if isinstance(error, ShardlineError) else texts.NOT_FETCHED
        return replace(document, fault=why)
    return replace(document, file=file)
