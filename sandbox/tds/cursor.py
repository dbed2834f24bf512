"""A place in the tokens of a batch, and the words T-SQL reserves."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sandbox.tds.failures import syntax_error
from sandbox.tds.lexer import Kind, Lexeme

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.errors import SqlError

# Words that end an expression rather than name an alias or a column.
RESERVED = frozenset(
    [
        "ADD",
        "ALL",
        "ALTER",
        "AND",
        "ANY",
        "AS",
        "ASC",
        "AUTHORIZATION",
        "BACKUP",
        "BEGIN",
        "BETWEEN",
        "BREAK",
        "BULK",
        "BY",
        "CASCADE",
        "CASE",
        "CHECK",
        "CHECKPOINT",
        "CLOSE",
        "CLUSTERED",
        "COLLATE",
        "COLUMN",
        "COMMIT",
        "CONSTRAINT",
        "CONTINUE",
        "CREATE",
        "CROSS",
        "CURRENT",
        "CURRENT_TIMESTAMP",
        "CURSOR",
        "DATABASE",
        "DEALLOCATE",
        "DECLARE",
        "DEFAULT",
        "DELETE",
        "DENY",
        "DESC",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "EXCEPT",
        "EXEC",
        "EXECUTE",
        "EXISTS",
        "FETCH",
        "FOR",
        "FOREIGN",
        "FROM",
        "FULL",
        "FUNCTION",
        "GOTO",
        "GRANT",
        "GROUP",
        "HAVING",
        "HOLDLOCK",
        "IDENTITY",
        "IF",
        "IN",
        "INDEX",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "KEY",
        "KILL",
        "LEFT",
        "LIKE",
        "MERGE",
        "NATIONAL",
        "NONCLUSTERED",
        "NOT",
        "NULL",
        "OF",
        "OFF",
        "ON",
        "OPEN",
        "OPTION",
        "OR",
        "ORDER",
        "OUTER",
        "OVER",
        "PERCENT",
        "PIVOT",
        "PRIMARY",
        "PRINT",
        "PROC",
        "PROCEDURE",
        "RAISERROR",
        "REFERENCES",
        "RETURN",
        "REVOKE",
        "RIGHT",
        "ROLLBACK",
        "SAVE",
        "SELECT",
        "SET",
        "SOME",
        "TABLE",
        "THEN",
        "TO",
        "TOP",
        "TRAN",
        "TRANSACTION",
        "TRIGGER",
        "TRUNCATE",
        "UNION",
        "UNIQUE",
        "UNPIVOT",
        "UPDATE",
        "USE",
        "VALUES",
        "VIEW",
        "WAITFOR",
        "WHEN",
        "WHERE",
        "WHILE",
        "WITH",
    ]
)

T = TypeVar("T")


class TokenCursor:
    """A place in the tokens of a batch."""

    def __init__(self, tokens: Sequence[Lexeme]) -> None:
        """Begin at the first token; the last one is END."""
        self._tokens = tokens
        self._at = 0

    @property
    def here(self) -> Lexeme:
        """The token that comes next."""
        return self._tokens[self._at]

    def ahead(self, distance: int = 1) -> Lexeme:
        """A token further on, END past the last."""
        return self._tokens[min(self._at + distance, len(self._tokens) - 1)]

    def advance(self) -> Lexeme:
        """Take the next token."""
        token = self.here
        if token.kind is not Kind.END:
            self._at += 1
        return token

    def is_word(self, *words: str, distance: int = 0) -> bool:
        """Tell whether a token is one of these words."""
        token = self.ahead(distance) if distance else self._tokens[self._at]
        return token.kind is Kind.WORD and token.value in words

    def accept(self, *words: str) -> bool:
        """Take these words if they all follow."""
        for distance, word in enumerate(words):
            if not self.is_word(word, distance=distance):
                return False
        self._at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Take these words.

        Raises:
            SqlError: 102, something else follows.
        """
        for word in words:
            if not self.accept(word):
                raise self.unexpected()

    def is_symbol(self, *symbols: str, distance: int = 0) -> bool:
        """Tell whether a token is one of these symbols."""
        token = self.ahead(distance)
        return token.kind is Kind.SYMBOL and token.value in symbols

    def accept_symbol(self, symbol: str) -> bool:
        """Take this symbol if it follows."""
        if self.is_symbol(symbol):
            self._at += 1
            return True
        return False

    def expect_symbol(self, symbol: str) -> None:
        """Take this symbol.

        Raises:
            SqlError: 102, something else follows.
        """
        if not self.accept_symbol(symbol):
            raise self.unexpected()

    def unexpected(self) -> SqlError:
        """The syntax error at the next token."""
        token = self.here
        if token.kind is Kind.END and self._at:
            token = self._tokens[self._at - 1]
        if token.kind in (Kind.WORD, Kind.SYMBOL, Kind.NUMBER, Kind.VARIABLE):
            return syntax_error(token.raw)
        return syntax_error(token.value)

    def is_name(self, distance: int = 0) -> bool:
        """Tell whether a token can be a name."""
        token = self.ahead(distance)
        return token.kind is Kind.QUOTED or (
            token.kind is Kind.WORD and token.value not in RESERVED
        )

    def name(self) -> str:
        """Take a name."""
        if not self.is_name():
            raise self.unexpected()
        token = self.advance()
        return token.value if token.kind is Kind.QUOTED else token.raw

    def dotted(self) -> tuple[str, ...]:
        """Take a name of one part or more; an empty part is ''."""
        parts = [self.name()]
        while self.accept_symbol("."):
            while self.accept_symbol("."):
                parts.append("")
            parts.append(self.name())
        return tuple(parts)

    def listed(self, one: Callable[[], T]) -> tuple[T, ...]:
        """One thing, or more with commas."""
        found = [one()]
        while self.accept_symbol(","):
            found.append(one())
        return tuple(found)

    def wrapped(self, one: Callable[[], T]) -> T:
        """One thing in parentheses."""
        self.expect_symbol("(")
        found = one()
        self.expect_symbol(")")
        return found
