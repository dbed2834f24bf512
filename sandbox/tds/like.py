"""LIKE of T-SQL, which knows sets of characters in brackets."""

from __future__ import annotations

import re

from sandbox.tds.convert import convert
from sandbox.tds.failures import UNSUPPORTED, raised
from sandbox.tds.types import Family, text
from sandbox.tds.values import Typed, text_literal


def like(operand: Typed, pattern: Typed, escape: Typed | None) -> str:
    """DuckDB SQL of operand LIKE pattern."""
    operand, pattern = _text(operand), _text(pattern)
    word = "ILIKE" if operand.kind.ignores_case else "LIKE"
    mark = escape.constant if escape is not None else None
    if isinstance(pattern.constant, str) and (escape is None or isinstance(mark, str)):
        if "[" in pattern.constant:
            options = "is" if operand.kind.ignores_case else "s"
            expression = text_literal(regular(pattern.constant, str(mark or "")))
            return f"regexp_full_match({operand.sql}, {expression}, '{options}')"
        known = text_literal(pattern.constant)
    else:
        failure = raised(
            UNSUPPORTED,
            "The sandbox does not support: LIKE with [ in a computed pattern",
        )
        known = (
            f"CASE WHEN contains({pattern.sql}, '[') THEN {failure} "
            f"ELSE {pattern.sql} END"
        )
    tail = f" ESCAPE {_text(escape).sql}" if escape is not None else ""
    return f"({operand.sql} {word} {known}{tail})"


def _text(value: Typed) -> Typed:
    if value.type is not None and value.kind.family is Family.TEXT:
        return value
    return convert(value, text(-1, unicode=False))


def regular(pattern: str, escape: str) -> str:
    """The regular expression of a LIKE pattern."""
    out = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        end = pattern.find("]", at + 1)
        if escape and char == escape and at + 1 < len(pattern):
            at += 1
            out.append(re.escape(pattern[at]))
        elif char == "%":
            out.append(".*")
        elif char == "_":
            out.append(".")
        elif char == "[" and end > 0:
            out.append(_set(pattern[at + 1 : end]))
            at = end
        else:
            out.append(re.escape(char))
        at += 1
    return "".join(out)


def _set(inside: str) -> str:
    negated = inside.startswith("^")
    members = inside[negated:].replace("\\", r"\\").replace("[", r"\[")
    return f"[{'^' * negated}{members}]" if members else "(?!)"
