"""Finds values that stand in a statement where they are no literals of their own.

A literal brings its own quotes: within others it would end them, and the rest of its
value would be SQL. A comment ends where a value has a newline or ``*/``. What is within
quotes is decided by the statement as it was rendered, in which each value has marks
around it: a template's text alone cannot tell, since a quote may stand in a branch.
"""

from __future__ import annotations

import re

BEGIN, END = "\ue000", "\ue001"
"""The marks around a value; nothing else in a statement may have them."""

_MARKS = re.compile(f"[{BEGIN}{END}]")

_TOKENS = re.compile(
    rf"""
      (?P<value> {BEGIN} (?P<literal> .*? ) {END} )
    | (?P<escaped> (?<![\w$]) e ' (?: [^'\\] | \\. | '' )* (?: ' | \Z ) )
    | (?P<string> ' (?: [^'] | '' )* (?: ' | \Z ) )
    | (?P<name> " (?: [^"] | "" )* (?: " | \Z ) )
    | (?P<dollars> (?<![\w$]) (?P<tag> \$ \w* \$ ) .*? (?: (?P=tag) | \Z ) )
    | (?P<line> -- [^\r\n]* )
    | (?P<block> /\* .*? (?: \*/ | \Z ) )
    | (?P<space> \s+ )
    | (?P<code> . )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

_ATTACHED = re.compile(r"[\w$&'\"]")
"""What would become one token with a literal that begins or ends right beside it."""

_QUOTES, _COMMENTS = {"escaped", "string", "name", "dollars"}, {"line", "block"}

_OWN_QUOTES = "a value brings its own quotes, and {# #} is a comment of the template"


def marked(literal: str) -> str:
    """A literal with marks around it.

    Raises:
        ValueError: It has such marks in it.
    """
    if _MARKS.search(literal):
        raise ValueError("U+E000 and U+E001 cannot be written in a template's values")
    return f"{BEGIN}{literal}{END}"


def unmarked(statement: str) -> str:
    """A rendered statement without its marks.

    Args:
        statement: SQL of Vertica, each value within marks.

    Raises:
        ValueError: A value is in quotes or in a comment, or has another string or a
            word right beside it, which would make it a part of that.
    """
    before, was_value, is_beside = " ", False, False
    for token in _TOKENS.finditer(statement):
        kind, is_value = str(token.lastgroup), token["value"] is not None
        text = token["literal"] if is_value else token[0]
        if not is_value:
            _check_own(kind, text)
        if kind in _COMMENTS or kind == "space":
            is_beside = False
            continue
        if is_value or was_value:
            _check_neighbours(before, text, is_beside=is_beside)
        before, was_value, is_beside = text, is_value, True
    return _MARKS.sub("", statement)


def _check_own(kind: str, text: str) -> None:
    """Refuse a token of the template's own that has a value in it."""
    if _MARKS.search(text):
        where = "in quotes" if kind in _QUOTES else "in a comment of SQL"
        raise ValueError(f"{{{{ }}}} stands {where}; {_OWN_QUOTES}")
    if kind == "block" and text.find("/*", 2) >= 0:
        raise ValueError("a comment of SQL stands within another one")


def _check_neighbours(before: str, text: str, *, is_beside: bool) -> None:
    """Refuse two tokens, one of them a value, which the server would read as one."""
    if is_beside and _ATTACHED.match(before[-1:]) and _ATTACHED.match(text[:1]):
        raise ValueError(
            "{{ }} stands right beside a word or quotes; put a space there"
        )
    # Strings with nothing but space between them are one string in SQL.
    if before.endswith("'") and text.startswith("'"):
        raise ValueError("{{ }} stands beside another string, and would be one with it")
