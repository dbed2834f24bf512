"""A command that changes something, in the audit before it begins and when it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pydantic import SecretStr
from sqlalchemy import Connection

from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_db_errors, etl_engine
from pipelines.operations.audit.records import (
    UNUSABLE,
    Ending,
    Wish,
    record_end,
    record_wish,
)
from pipelines.runtime import ExitCode, exit_code_of, stopper

logger = logging.getLogger(__name__)

T = TypeVar("T")


@contextmanager
def audited(
    database: SecretStr, wish: Wish, *, needs_database: bool = True
) -> Iterator[None]:
    """Write a wish before the block, and how it ended after it.

    While the ETL database is away, the block is not held up. What cannot be written
    before it is written with the end; what is not written in the end, either, is told
    by a line of the log.

    Args:
        database: The ETL database's address.
        wish: What the block does.
        needs_database: Whether the block fails without the ETL database, and tells so
            itself. If not, the line comes before it, too.
    """
    number: int | None = None
    try:
        number = _write(database, lambda connection: record_wish(connection, wish))
    except ShardlineError as fault:
        level = logging.INFO if needs_database else logging.WARNING
        logger.log(level, "%s: %s", _lacks(wish), fault)
    try:
        stopper().check()
        yield
    except BaseException as error:
        _end(database, number, wish, error)
        raise
    _end(database, number, wish, None)


def _end(
    database: SecretStr, number: int | None, wish: Wish, error: BaseException | None
) -> None:
    ending, detail = _ending(error)

    def write(connection: Connection) -> None:
        of = record_wish(connection, wish) if number is None else number
        record_end(connection, of, ending, detail)

    try:
        _write(database, write)
    except ShardlineError as fault:
        if number is not None:
            logger.warning("the audit lacks the end of #%d: %s", number, fault)
        elif not isinstance(error, ShardlineError) or error.cause != fault.cause:
            # Otherwise the command is about to tell the same.
            logger.warning("%s: %s", _lacks(wish), fault)


def _write(database: SecretStr, write: Callable[[Connection], T]) -> T:
    """Write in a transaction, to its end whatever signal comes."""
    with stopper().shielded():
        engine = etl_engine(database)
        with etl_db_errors(UNUSABLE), engine.begin() as connection:
            return write(connection)


def _lacks(wish: Wish) -> str:
    what = f"{wish.verb} {wish.arguments}".strip()
    return f"the audit lacks that {wish.caller.who} wished {what}"


def _ending(error: BaseException | None) -> tuple[Ending, str]:
    """How a command ends that ends by this, and what there is to tell of it."""
    code = 0 if error is None else exit_code_of(error)
    if code == ExitCode.COMPLETE:
        return Ending.DONE, ""
    told = f": {error}" if isinstance(error, ShardlineError) else ""
    is_stop = code in {ExitCode.INTERRUPTED, ExitCode.TERMINATED}
    ending = Ending.INTERRUPTED if is_stop else Ending.FAILED
    return ending, f"exit code {int(code)}{told}"
