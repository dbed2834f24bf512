"""Expressions the catalog keeps as text: defaults and checks."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sandbox.tds.lexer import tokenize
from sandbox.tds.parse_queries import QueryParser

if TYPE_CHECKING:
    from sandbox.tds.syntax import Expression


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> Expression:
    """Parse one expression."""
    return QueryParser(tokenize(text)).expression()
