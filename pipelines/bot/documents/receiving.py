"""A document that somebody has sent: whether it is taken, and what is answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine

from pipelines.alerts import WISH
from pipelines.bot import texts
from pipelines.bot.documents.content_types import XLSX, content_type_of
from pipelines.bot.documents.shelf import UNUSABLE, NewDocument, Shelf
from pipelines.bot.messages import Button, Document, Message, Reply
from pipelines.errors import TransientError
from pipelines.etl_db import etl_db_errors
from pipelines.operations import (
    Caller,
    Capability,
    Ending,
    Identity,
    Wish,
    find_caller,
    record_end,
    record_wish,
    refused,
)
from pipelines.text import cut_line, visible

VERB = "documents add"
"""What the audit calls it: nothing that could be written as a wish."""

COMMAND = "/"

LONGEST_NAME = 200

MOST_OCTETS = 20_000_000
"""Of a document: a bot is given no more."""

MOST_KEPT = 1_000_000_000
"""Octets of all documents together."""

KINDS = {
    "application/pdf": "PDF",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "application/zip": "ZIP",
    XLSX: "XLSX",
    "text/csv": "CSV",
    "text/plain": "text",
}


class Documents:
    """Takes documents for publishing, from those who may."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        most: int = MOST_OCTETS,
        most_kept: int = MOST_KEPT,
        find: Callable[[Engine, Identity], Caller] = find_caller,
    ) -> None:
        """Prepare to take documents.

        Args:
            engine: The ETL database.
            folder: Where they are kept.
            most: Octets that one may have.
            most_kept: Octets that all may have.
            find: Tells who somebody is.
        """
        self.most, self.shelf = most, Shelf(engine, folder, most_kept)
        self._engine, self._find = engine, find

    def is_wanted(self, said: Message) -> bool:
        """Whether a document is to be fetched: by what is known of it before.

        Raises:
            ShardlineError: The ETL database cannot be read.
        """
        caller = self._find(self._engine, said.identity)
        return not self._why_not(caller, said, _document(said))

    def receive(
        self, said: Message, in_commit: Callable[[Connection, Reply], None]
    ) -> Reply:
        """Keep a document that was fetched, in one commit with its audit.

        Args:
            said: The message, with the document's file.
            in_commit: Is called in that transaction.

        Raises:
            RefusedError: It is not taken.
            ShardlineError: It could not be kept.
        """
        document, caller = _document(said), self._find(self._engine, said.identity)
        name = clean_name(document.name)
        wish = Wish(caller, said.place, VERB, f"{name} {document.size}")
        if why := self._why_not(caller, said, document):
            raise refused(self._engine, wish, why, texts.NOT_KEPT)
        if document.file is None:
            raise TransientError(document.fault or texts.NOT_FETCHED)
        try:
            if (kind := content_type_of(document.file)) is not None:
                new = NewDocument(
                    *(document.file, name, kind, caller, said.place, said.source_id)
                )
                return self._keep(new, wish, in_commit)
        except OSError as error:  # its text may have a path of ours in it
            kind_of_error = type(error).__name__
            raise TransientError(f"{texts.NOT_WRITTEN} ({kind_of_error})") from None
        why = texts.UNKNOWN_KIND.format(name=name, kinds=", ".join(KINDS.values()))
        raise refused(self._engine, wish, why, texts.NOT_KEPT)

    def _keep(
        self,
        new: NewDocument,
        wish: Wish,
        in_commit: Callable[[Connection, Reply], None],
    ) -> Reply:
        size = new.file.stat().st_size
        with etl_db_errors(UNUSABLE), self._engine.begin() as connection:
            record_end(connection, record_wish(connection, wish), Ending.DONE)
            reply = _kept(self.shelf.keep(connection, new), new, size)
            in_commit(connection, reply)
        return reply

    def _why_not(self, caller: Caller, said: Message, document: Document) -> str:
        if not caller.may(Capability.OPERATE):
            who = caller.role.one if caller.role else texts.SOMEBODY_UNKNOWN
            return texts.MAY_NOT_PUBLISH.format(who=who)
        if said.text.lstrip().startswith(COMMAND):
            return texts.COMMAND_AS_CAPTION
        if document.size > self.most:
            return texts.DOCUMENT_TOO_LARGE.format(
                name=clean_name(document.name),
                size=f"{document.size:,}",
                most=f"{self.most:,}",
            )
        return ""


def clean_name(name: str) -> str:
    """What a document is called, fit to be shown: it never becomes a path."""
    return cut_line(visible(name), LONGEST_NAME) or texts.NAMELESS


def _document(said: Message) -> Document:
    if said.document is None:
        raise TypeError("the message has no document")
    return said.document


def _kept(number: int, new: NewDocument, size: int) -> Reply:
    told = texts.DOCUMENT_KEPT.format(
        number=number,
        name=new.name,
        kind=KINDS[new.content_type],
        size=f"{size:,}",
    )
    remove = Button(texts.REMOVE, f"{WISH}:documents remove {number}")
    return Reply((told,), buttons=(remove,))
