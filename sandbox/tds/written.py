"""What is kept or given as text: defaults, checks, queries to describe."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sandbox.tds.lexer import Kind, tokenize
from sandbox.tds.parse_queries import QueryParser

if TYPE_CHECKING:
    from sandbox.tds.syntax import Expression, Query


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> Expression:
    """Parse one expression."""
    return QueryParser(tokenize(text)).expression()


def parse_query(text: str) -> Query:
    """Parse one query.

    Raises:
        SqlError: It is not one.
    """
    parser = QueryParser(tokenize(text))
    query = parser.query()
    parser.accept_symbol(";")
    if parser.here.kind is not Kind.END:
        raise parser.unexpected()
    return query
