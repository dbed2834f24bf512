"""T-SQL text into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from sandbox.errors import SqlError
from sandbox.tds.failures import syntax_error


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    QUOTED = "quoted identifier"
    STRING = "string"
    NATIONAL = "N string"
    NUMBER = "number"
    BINARY = "binary"
    VARIABLE = "variable"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A token, its value, and where it stands in the text.

    Attributes:
        value: Of words in upper case; of strings and quoted names without quotes.
        raw: As it was written.
    """

    kind: Kind
    value: str
    raw: str
    start: int
    end: int


# Possessive (+): what may be given back is remembered, over 100 bytes a character.
_PATTERN = re.compile(
    r"""
    (?P<blank>\s+|--[^\n]*)
  | (?P<comment>/\*)
  | (?P<national>[Nn]'(?:[^']++|'')*+')
  | (?P<string>'(?:[^']++|'')*+')
  | (?P<bracket>\[(?:[^\]]++|\]\])*+\])
  | (?P<double>"(?:[^"]++|"")*+")
  | (?P<binary>0[xX][0-9A-Fa-f]*)
  | (?P<number>\$?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<variable>@@?[\w$\#@]+)
  | (?P<word>[^\W\d][\w$\#@]*|\#\#?[\w$\#@]+)
  | (?P<symbol><=|>=|<>|!=|!<|!>|\+=|-=|\*=|/=|::|[-+*/%=<>(),.;&|^~])
    """,
    re.VERBOSE,
)
_SHOWN = 100  # characters of what has no end
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_KINDS = {
    "binary": Kind.BINARY,
    "number": Kind.NUMBER,
    "variable": Kind.VARIABLE,
    "symbol": Kind.SYMBOL,
    "string": Kind.STRING,
    "national": Kind.NATIONAL,
}
_QUOTES = {"bracket": ("]]", "]"), "double": ('""', '"')}


def tokenize(text: str, *, quoted_identifier: bool = True) -> list[Lexeme]:
    """Cut a batch into tokens; the last one is END.

    Args:
        text: The batch.
        quoted_identifier: Whether "x" is a name, as SET QUOTED_IDENTIFIER says,
            or a string.

    Raises:
        SqlError: 102, 105 or 113, for what is no token.
    """
    tokens: list[Lexeme] = []
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise _no_token(text, position)
        group = match.lastgroup or ""
        raw = match.group()
        end = match.end()
        if group == "comment":
            end = _comment_end(text, end)
        elif group != "blank":
            kind, value = _token(group, raw, quoted_identifier=quoted_identifier)
            tokens.append(Lexeme(kind, value, raw, position, end))
        position = end
    tokens.append(Lexeme(Kind.END, "", "", position, position))
    return tokens


def _token(group: str, raw: str, *, quoted_identifier: bool) -> tuple[Kind, str]:
    if group == "word":
        return Kind.WORD, raw.upper()
    if group == "double" and not quoted_identifier:
        return Kind.STRING, raw[1:-1].replace('""', '"')
    if group in _QUOTES:
        return Kind.QUOTED, raw[1:-1].replace(*_QUOTES[group])
    if group in ("string", "national"):
        return _KINDS[group], raw[raw.index("'") + 1 : -1].replace("''", "'")
    return _KINDS[group], raw


def _no_token(text: str, position: int) -> SqlError:
    if text[position] not in "'\"[":
        return syntax_error(text[position])
    return SqlError(
        "Unclosed quotation mark after the character string "
        f"'{text[position + 1 :][:_SHOWN]}'.",
        number=105,
        severity=15,
    )


def _comment_end(text: str, position: int) -> int:
    """Where a comment ends; T-SQL's comments nest."""
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(text, position)
        if edge is None:
            raise SqlError("Missing end comment mark '*/'.", number=113, severity=15)
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position
