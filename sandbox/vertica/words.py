"""Vertica SQL as tokens, and a reader over them for statements sqlglot lacks."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from sandbox.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")

LONG_TEXT = 8192
"""Statements from this length on are not worth keeping parsed."""

_STRINGS = frozenset(
    {TokenType.STRING, TokenType.BYTE_STRING, TokenType.NATIONAL_STRING}
)
_QUOTED = frozenset({TokenType.STRING, TokenType.BYTE_STRING, TokenType.IDENTIFIER})


class Tokenizer(Postgres.Tokenizer):
    """PostgreSQL's, with the types Vertica writes in two words."""

    KEYWORDS: ClassVar[dict[str, TokenType]] = {
        **Postgres.Tokenizer.KEYWORDS,
        "LONG VARCHAR": TokenType.LONGTEXT,
        "LONG VARBINARY": TokenType.LONGBLOB,
        "RAW": TokenType.VARBINARY,
        "NUMBER": TokenType.DECIMAL,
        "SMALLDATETIME": TokenType.TIMESTAMP,
        "//": TokenType.DIV,
        "TIMESERIES": TokenType.CLUSTER_BY,  # a token of its own, that no name can be
    }
    COMMANDS: ClassVar[set[TokenType]] = set()  # SHOW and the like are read in words


class Name(NamedTuple):
    """A possibly qualified name."""

    schema: str | None
    name: str


def syntax_error(near: str) -> SqlError:
    """The error for a statement that cannot be read."""
    where = f'at or near "{near}"' if near else "at end of input"
    return SqlError(f"Syntax error {where}", number=4856, sqlstate="42601")


def unsupported(what: str) -> SqlError:
    """The error for what the sandbox does not have, by name."""
    return SqlError(
        f"The sandbox does not support: {what}", number=5366, sqlstate="0A000"
    )


def tokenize(text: str) -> list[Token]:
    """Split a text into tokens.

    Raises:
        SqlError: A quote or comment does not end.
    """
    try:
        return Tokenizer(dialect="postgres").tokenize(text)
    except TokenError as failure:
        raise syntax_error(text[-40:]) from failure


def split(text: str) -> tuple[str, ...]:
    """The statements of a query text, without their semicolons."""
    return _split_often(text) if len(text) < LONG_TEXT else _split(text)


def _split(text: str) -> tuple[str, ...]:
    statements: list[str] = []
    first: Token | None = None
    last: Token | None = None
    for token in tokenize(text):
        if token.token_type != TokenType.SEMICOLON:
            first, last = first or token, token
        elif first and last:
            statements.append(text[first.start : last.end + 1])
            first = last = None
    if first and last:
        statements.append(text[first.start : last.end + 1])
    return tuple(statements)


_split_often = lru_cache(maxsize=1024)(_split)


class Words:
    """Reads one statement word by word.

    Args:
        text: The statement.
    """

    def __init__(self, text: str) -> None:
        """Stand before the first word."""
        self.text = text
        self._tokens: Sequence[Token] = [
            part for token in tokenize(text) for part in _single_words(token)
        ]
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether every word was read."""
        return self._at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> str:
        """A word to come, in upper case; empty at the end and for quoted ones."""
        at = self._at + ahead
        if at >= len(self._tokens) or self._tokens[at].token_type in _QUOTED:
            return ""
        return self._tokens[at].text.upper()

    def accept(self, *words: str) -> bool:
        """Pass over these words if they come next."""
        if any(self.peek(i) != word for i, word in enumerate(words)):
            return False
        self._at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Pass over these words, or fail."""
        for word in words:
            if not self.accept(word):
                raise self.error()

    def error(self) -> SqlError:
        """A syntax error here."""
        return syntax_error("" if self.done else self._tokens[self._at].text)

    def identifier(self) -> str:
        """Read a name, quoted or not."""
        if self.done or self._tokens[self._at].token_type in _STRINGS:
            raise self.error()
        token = self._tokens[self._at]
        bare = token.text.replace("_", "a").replace("$", "a")
        if token.token_type != TokenType.IDENTIFIER and (
            not bare.isalnum() or bare[0].isdigit()
        ):
            raise self.error()
        self._at += 1
        return token.text

    def name(self) -> Name:
        """Read a name with or without its schema (and the database's before it)."""
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        if len(parts) > 3:  # noqa: PLR2004 - database, schema, name
            raise self.error()
        return Name(parts[-2] if len(parts) > 1 else None, parts[-1])

    def listed(self, one: Callable[[], _T]) -> list[_T]:
        """Read one thing, or more with commas."""
        found = [one()]
        while self.accept(","):
            found.append(one())
        return found

    def names(self) -> list[str]:
        """Read names in parentheses."""
        self.expect("(")
        found = self.listed(self.identifier)
        self.expect(")")
        return found

    def string(self) -> str:
        """Read a string literal."""
        if self.done or self._tokens[self._at].token_type not in _STRINGS:
            raise self.error()
        self._at += 1
        return self._tokens[self._at - 1].text

    def at_string(self) -> bool:
        """Whether a string literal comes next."""
        return not self.done and self._tokens[self._at].token_type in _STRINGS

    def number(self) -> int:
        """Read a whole number."""
        if not self.peek().isdigit():
            raise self.error()
        self._at += 1
        return int(self._tokens[self._at - 1].text)

    def at_number(self) -> bool:
        """Whether a whole number comes next."""
        return self.peek().isdigit()

    def expression(self, *ends: str) -> str:
        """Read up to one of these words outside parentheses; the text of it."""
        start, depth = self._at, 0
        while not self.done and (depth or self.peek() not in ends):
            depth += {"(": 1, ")": -1}.get(self.peek(), 0)
            self._at += 1
        if start == self._at:
            raise self.error()
        return self.text[self._tokens[start].start : self._tokens[self._at - 1].end + 1]

    def rest(self) -> str:
        """All that is left, as it was written."""
        start = self._tokens[self._at].start if not self.done else len(self.text)
        self._at = len(self._tokens)
        return self.text[start:]

    def end(self) -> None:
        """Fail if anything is left."""
        if not self.done:
            raise self.error()


def _single_words(token: Token) -> list[Token]:
    """The tokenizer joins `ORDER BY` and the like; here each word stands alone."""
    if token.token_type in _QUOTED or token.token_type in _STRINGS:
        return [token]
    words = token.text.split()
    if len(words) < 2:  # noqa: PLR2004 - one word already
        return [token]
    return [
        Token(token.token_type, word, start=token.start, end=token.end)
        for word in words
    ]
