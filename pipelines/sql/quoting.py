"""Refuses ``{{ }}`` in quotes and in comments of SQL, where it is no literal.

A literal brings its own quotes: within others it would end them, and the rest of its
value would be SQL. A comment ends where a value has a newline or ``*/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.lexer import TOKEN_DATA, TOKEN_VARIABLE_BEGIN, Token, TokenStream

_OPENING = re.compile(r"'|\"|--|/\*|\$\w*\$")
_CLOSING = {"--": "\n", "/*": "*/"}


class NoValuesInQuotes(Extension):
    """A template with ``{{ }}`` in quotes or in a comment is a syntax error."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Pass the tokens on.

        Raises:
            jinja2.TemplateSyntaxError: A value stands where it may not.
        """
        closing = ""
        for token in stream:
            if token.type == TOKEN_DATA:
                closing = _still_open(token.value, closing)
            elif token.type == TOKEN_VARIABLE_BEGIN and closing:
                raise TemplateSyntaxError(
                    "{{ }} stands in quotes or in a comment of SQL; a value brings its"
                    " own quotes, and {# #} is a comment of the template",
                    token.lineno,
                    stream.name,
                    stream.filename,
                )
            yield token


def _still_open(sql: str, closing: str) -> str:
    """What would close the quotes or the comment that is open at the end of `sql`.

    Args:
        sql: A part of a statement.
        closing: The same of the part before it; "" if nothing is open.
    """
    at = 0
    while True:
        if closing:
            end = sql.find(closing, at)
            if end < 0:
                return closing
            at = end + len(closing)
        opening = _OPENING.search(sql, at)
        if opening is None:
            return ""
        at = opening.end()
        closing = _CLOSING.get(opening[0], opening[0])
