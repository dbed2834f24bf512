"""A command that changes something, in the audit before it begins and when it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_db_errors, etl_engine
from pipelines.operations.audit import (
    UNUSABLE,
    Ending,
    Wish,
    record_end,
    record_wish,
)
from pipelines.runtime import ExitCode, exit_code_of, stopper

logger = logging.getLogger(__name__)


@contextmanager
def audited(database: SecretStr, wish: Wish) -> Iterator[None]:
    """Write a wish before the block, and how it ended after it.

    Loads do not depend on the ETL database's audit: while that is away, what is not
    written there is told by a line, and logged.

    Args:
        database: The ETL database's address.
        wish: What the block does.
    """
    number = _begin(database, wish)
    try:
        stopper().check()
        yield
    except BaseException as error:
        _end(database, number, wish, error)
        raise
    _end(database, number, wish, None)


def _begin(database: SecretStr, wish: Wish) -> int | None:
    try:
        with stopper().shielded():
            engine = etl_engine(database)
            with etl_db_errors(UNUSABLE), engine.begin() as connection:
                return record_wish(connection, wish)
    except ShardlineError as error:
        who, what = wish.caller.who, f"{wish.verb} {wish.arguments}".strip()
        logger.warning("the audit lacks that %s wished %s: %s", who, what, error)
        return None


def _end(
    database: SecretStr, number: int | None, wish: Wish, error: BaseException | None
) -> None:
    if number is None:
        return
    ending, detail = _ending(error)
    try:
        with stopper().shielded():
            engine = etl_engine(database)
            with etl_db_errors(UNUSABLE), engine.begin() as connection:
                record_end(connection, number, ending, detail)
    except ShardlineError as failure:
        what = f"{wish.verb} {ending} {detail}".strip()
        logger.warning("the audit lacks the end of #%d, %s: %s", number, what, failure)


def _ending(error: BaseException | None) -> tuple[Ending, str]:
    """How a command ends that ends by this, and what there is to tell of it."""
    code = 0 if error is None else exit_code_of(error)
    if code == ExitCode.COMPLETE:
        return Ending.DONE, ""
    told = f": {error}" if isinstance(error, ShardlineError) else ""
    is_stop = code in {ExitCode.INTERRUPTED, ExitCode.TERMINATED}
    ending = Ending.INTERRUPTED if is_stop else Ending.FAILED
    return ending, f"exit code {int(code)}{told}"
