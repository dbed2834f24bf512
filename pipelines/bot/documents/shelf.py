"""Where documents are kept: each is a row and a file, which is called by its number.

The file is there, whole and on the disk, before its row is committed. So whoever is
killed leaves a file without a row at most, and such ones are deleted.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from pipelines.bot import texts
from pipelines.bot.documents.content_types import PIECE
from pipelines.errors import ConfigurationError
from pipelines.etl_db import (
    database_time,
    documents_table,
    etl_db_errors,
    insert_new,
)
from pipelines.operations import Caller

PART = ".part"
"""What a file ends with that is not whole."""

NEW = "new-"
"""What such a file begins with, so that nobody else's is taken for it."""

YOUNG = timedelta(hours=1)
"""How old a file without a row may be, which may be about to get one."""

MOST_DOCUMENTS = 1_000

UNUSABLE = "the documents cannot be used"

_rows = documents_table.c


@dataclass(frozen=True)
class NewDocument:
    """A document that is about to be kept.

    Attributes:
        file: Where it is now.
        name: What its sender calls it, fit to be shown.
        content_type: Of what kind it is, by its content.
        caller: Who has sent it.
        place: Where.
        source_id: What the message is called, so that it counts once.
    """

    file: Path
    name: str
    content_type: str
    caller: Caller
    place: str
    source_id: str | None


class Shelf:
    """The folder of one bot's documents, which nobody else writes to."""

    def __init__(self, engine: Engine, folder: Path, most: int) -> None:
        """Prepare to keep documents; the folder is made when it is needed.

        Args:
            engine: The ETL database.
            folder: Where the files are.
            most: Octets that all of them may have.
        """
        self._engine, self._folder, self._most = engine, folder, most

    def new_file(self) -> Path:
        """An empty file of ours, for what comes in.

        Raises:
            OSError: It cannot be made.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        opened, path = tempfile.mkstemp(PART, NEW, self._folder)
        os.close(opened)
        return Path(path)

    def file_of(self, number: int) -> Path:
        """The file of a document."""
        return self._folder / str(number)

    def keep(self, connection: Connection, new: NewDocument) -> int:
        """Keep a document, if that is committed; the same message's once.

        Args:
            connection: With an open transaction.
            new: Which document; its file is ours from now on.

        Returns:
            Its number.

        Raises:
            ConfigurationError: There is no room for it.
            OSError: The file cannot be kept.
        """
        added = insert_new(self._engine, documents_table).values(
            source_id=new.source_id,
            name=new.name,
            content_type=new.content_type,
            size=new.file.stat().st_size,
            digest=_digest(new.file),
            who=new.caller.who,
            identity=str(new.caller.identity),
            place=new.place,
            added=database_time(self._engine),
        )
        made = connection.scalars(added.returning(_rows.number)).all()
        known = select(_rows.number).where(_rows.source_id == new.source_id)
        number: int = (made or connection.scalars(known).all())[0]
        if not made:
            return number
        self._check_room(connection)
        new.file.chmod(0o600)
        _write_through(new.file)
        new.file.replace(self.file_of(number))
        _write_through(self._folder)
        return number

    def sweep(self, young: timedelta = YOUNG) -> None:
        """Delete files that belong to no document.

        Args:
            young: How old those are left that may be about to; none when the bot
                begins, and nobody else is at work.

        Raises:
            ShardlineError: The ETL database cannot be read.
            OSError: A file cannot be deleted.
        """
        if not self._folder.is_dir():
            return
        before = time.time() - young.total_seconds()
        files = {
            file.name: file
            for file in self._folder.iterdir()
            if file.is_file() and _is_ours(file.name)
        }
        with etl_db_errors(UNUSABLE), self._engine.connect() as connection:
            kept = {str(number) for number in connection.scalars(select(_rows.number))}
        for name in files.keys() - kept:
            if files[name].stat().st_mtime <= before:
                files[name].unlink(missing_ok=True)

    def _check_room(self, connection: Connection) -> None:
        look = select(func.count(), func.sum(_rows.size), func.min(_rows.number))
        count, octets, oldest = connection.execute(look).one()
        if count > MOST_DOCUMENTS or octets > self._most:
            raise ConfigurationError(
                texts.SHELF_FULL, step=texts.REMOVE_ONE.format(number=oldest)
            )


def _is_ours(name: str) -> bool:
    return name.isdecimal() or (name.startswith(NEW) and name.endswith(PART))


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        digest = hashlib.sha256()
        while piece := opened.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _write_through(path: Path) -> None:
    """Have what is in a file, or which files are in a folder, outlive the power."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
