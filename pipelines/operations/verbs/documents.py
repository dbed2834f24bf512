"""`documents`: what was sent to the bot, and is kept for publishing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection, Engine, delete, select

from pipelines.errors import ConfigurationError
from pipelines.etl_db import as_utc, documents_table, etl_db_errors
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments, NoArguments, Number
from pipelines.operations.verb import Answer, Change, Context, Look

UNUSABLE = "the documents cannot be read"

MINUTE_FORMAT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class KeptDocument:
    """A document that is kept.

    Attributes:
        number: What it is called; its file, too.
        name: What its sender called it, without hidden characters.
        content_type: Of what kind it is, by its content.
        size: In octets.
        digest: SHA-256 of its content.
        who: Who sent it.
        place: Where.
        added: When.
    """

    number: int
    name: str
    content_type: str
    size: int
    digest: str
    who: str
    place: str
    added: datetime


class DocumentArguments(Arguments):
    """Which document."""

    number: Number = Field(description="The document's number.")


def list_documents(engine: Engine) -> list[KeptDocument]:
    """The documents that are kept, newest first.

    Raises:
        ShardlineError: The ETL database cannot be read.
    """
    rows = documents_table.c
    query = select(
        *(rows.number, rows.name, rows.content_type, rows.size, rows.digest),
        *(rows.who, rows.place, rows.added),
    ).order_by(rows.number.desc())
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        found = connection.execute(query).all()
    return [KeptDocument(*row[:-1], added=as_utc(row.added)) for row in found]


def _list(context: Context, _: NoArguments) -> Answer:
    found = list_documents(context.engine)
    return Answer(
        heads=("document", "name", "type", "octets", "who", "since"),
        rows=[_cells(one) for one in found],
        data=[_fields(one) for one in found],
    )


def _remove(
    connection: Connection, _context: Context, arguments: DocumentArguments
) -> Answer:
    """Forget a document; the bot, whose folder has the file, deletes that."""
    number = arguments.number
    which = delete(documents_table).where(documents_table.c.number == number)
    if connection.execute(which).rowcount != 1:
        raise ConfigurationError(
            f"there is no document {number}", step="see `documents list`"
        )
    return Answer((f"document {number} is removed",), data={"number": number})


def _cells(one: KeptDocument) -> tuple[str, ...]:
    return (
        *(f"#{one.number}", one.name, one.content_type, f"{one.size:,}"),
        *(one.who, f"{one.added:{MINUTE_FORMAT}}"),
    )


def _fields(one: KeptDocument) -> dict[str, object]:
    return {**vars(one), "added": one.added.isoformat()}


DOCUMENTS_LIST = Look(
    name="documents list",
    summary="List the documents kept for publishing.",
    capability=Capability.OPERATE,
    arguments=NoArguments,
    aliases=("documents",),
    run=_list,
)

DOCUMENTS_REMOVE = Change(
    name="documents remove",
    summary="Remove a document; it is not published.",
    capability=Capability.OPERATE,
    arguments=DocumentArguments,
    example="7",
    run=_remove,
)
