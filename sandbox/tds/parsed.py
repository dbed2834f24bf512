"""Batches, parsed; short ones are remembered."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sandbox.tds.parse_statements import parse_batch

if TYPE_CHECKING:
    from sandbox.tds.commands import Statement

_KEPT_TEXT = 10_000


@lru_cache(maxsize=512)
def _parsed_once(text: str, quoted_identifier: bool) -> tuple[Statement, ...]:
    return parse_batch(text, quoted_identifier=quoted_identifier)


def parsed(text: str, *, quoted_identifier: bool) -> tuple[Statement, ...]:
    """The statements of a batch.

    Raises:
        SqlError: As `parse_batch`.
    """
    if len(text) > _KEPT_TEXT:
        return parse_batch(text, quoted_identifier=quoted_identifier)
    return _parsed_once(text, quoted_identifier)
