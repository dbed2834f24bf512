"""Functions of text."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sandbox.tds.convert import convert
from sandbox.tds.convert_text import units
from sandbox.tds.failures import unsupported
from sandbox.tds.type_sizes import PLAIN_SIZES
from sandbox.tds.types import BIGINT, INT, Family, SqlType, text
from sandbox.tds.values import Typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.environment import Environment


def _text(value: Typed) -> Typed:
    if value.kind.family is Family.TEXT:
        return value
    return convert(value, text(-1 if value.is_null else 8000, unicode=False))


def _result(sql: str, kind: SqlType, *values: Typed) -> Typed:
    return Typed(sql, kind, nullable=any(one.nullable for one in values))


def _varying(kind: SqlType) -> SqlType:
    return text(kind.length, unicode=kind.is_unicode, collation=kind.collation)


def _widest(kind: SqlType) -> SqlType:
    limit = -1 if kind.is_max else 4000 if kind.is_unicode else 8000
    return text(limit, unicode=kind.is_unicode, collation=kind.collation)


def _len(values: Sequence[Typed], _: Environment) -> Typed:
    (value,) = values
    kind = BIGINT if value.kind.is_max else INT
    if value.kind.family is Family.BINARY:
        return _result(
            f"CAST(octet_length({value.sql}) AS {kind.storage})", kind, value
        )
    trimmed = f"rtrim({_text(value).sql}, ' ')"
    return _result(f"CAST({units(trimmed)} AS {kind.storage})", kind, value)


def _datalength(values: Sequence[Typed], _: Environment) -> Typed:
    (value,) = values
    kind = BIGINT if value.kind.is_max else INT
    if value.kind.family is Family.BINARY:
        size = f"octet_length({value.sql})"
    elif value.kind.family is Family.TEXT:
        size = (
            f"2 * {units(value.sql)}"
            if value.kind.is_unicode
            else f"length({value.sql})"
        )
    elif value.kind.name in PLAIN_SIZES:
        fixed = PLAIN_SIZES[value.kind.name][0]
        size = f"CASE WHEN {value.sql} IS NOT NULL THEN {fixed} END"
    else:
        raise unsupported(f"DATALENGTH of {value.kind}")
    return _result(f"CAST({size} AS {kind.storage})", kind, value)


def _simple(values: Sequence[Typed], _: Environment, *, sql: str) -> Typed:
    (value,) = values
    value = _text(value)
    return _result(sql.format(value.sql), _varying(value.kind), value)


def _trim(values: Sequence[Typed], _: Environment) -> Typed:
    (value,) = values
    value = _text(value)
    return _result(f"trim({value.sql}, ' ')", _varying(value.kind), value)


def _side(values: Sequence[Typed], _: Environment, *, name: str) -> Typed:
    value, count = values
    value, count = _text(value), convert(count, INT)
    sql = f"{name}({value.sql}, {count.sql})"
    return _result(sql, _varying(value.kind), value, count)


def _substring(values: Sequence[Typed], _: Environment) -> Typed:
    value, start, count = values
    start, count = convert(start, INT), convert(count, INT)
    if value.kind.family is Family.BINARY:
        digits = f"hex({value.sql})"
        sql = f"from_hex(substr({digits}, 2 * ({start.sql}) - 1, 2 * ({count.sql})))"
        return _result(sql, value.kind, value, start, count)
    value = _text(value)
    # a start before the text uses up some of the count
    first = f"greatest({start.sql}, 1)"
    rest = f"greatest({count.sql} + least({start.sql} - 1, 0), 0)"
    sql = f"substr({value.sql}, {first}, {rest})"
    return _result(sql, _varying(value.kind), value, start, count)


def _insensitive(value: Typed) -> str:
    return f"lower({value.sql})" if value.kind.ignores_case else value.sql


def _charindex(values: Sequence[Typed], _: Environment) -> Typed:
    wanted, value, *start = values
    wanted, value = _text(wanted), _text(value)
    needle = f"lower({wanted.sql})" if value.kind.ignores_case else wanted.sql
    hay = _insensitive(value)
    if not start:
        sql = f"strpos({hay}, {needle})"
    else:
        begin = f"greatest({convert(start[0], INT).sql}, 1)"
        found = f"strpos(substr({hay}, {begin}), {needle})"
        sql = f"CASE WHEN {found} > 0 THEN {found} + {begin} - 1 ELSE 0 END"
    return _result(f"CAST({sql} AS INTEGER)", INT, wanted, value)


def _replace(values: Sequence[Typed], _: Environment) -> Typed:
    value, old, new = (_text(one) for one in values)
    if not value.kind.ignores_case:
        sql = f"replace({value.sql}, {old.sql}, {new.sql})"
    else:
        pattern = f"regexp_escape({old.sql})"
        safe = f"replace({new.sql}, '\\', '\\\\')"
        replaced = f"regexp_replace({value.sql}, {pattern}, {safe}, 'gi')"
        sql = f"CASE WHEN {old.sql} = '' THEN {value.sql} ELSE {replaced} END"
    return _result(sql, _widest(value.kind), value, old, new)


def _replicate(values: Sequence[Typed], _: Environment) -> Typed:
    value, count = values
    value = _text(value)
    kind = _widest(value.kind)
    sql = f"repeat({value.sql}, {convert(count, INT).sql})"
    if not kind.is_max:
        sql = f"left({sql}, {kind.length})"
    return _result(sql, kind, value, count)


def _space(values: Sequence[Typed], _: Environment) -> Typed:
    (count,) = values
    return _result(
        f"repeat(' ', {convert(count, INT).sql})", text(8000, unicode=False), count
    )


def _stuff(values: Sequence[Typed], _: Environment) -> Typed:
    value, start, count, new = values
    value, new = _text(value), _text(new)
    start, count = convert(start, INT), convert(count, INT)
    sql = (
        f"CASE WHEN {start.sql} BETWEEN 1 AND length({value.sql}) THEN "
        f"left({value.sql}, {start.sql} - 1) || coalesce({new.sql}, '') || "
        f"substr({value.sql}, {start.sql} + {count.sql}) END"
    )
    return Typed(sql, _widest(value.kind))


def _concat(values: Sequence[Typed], _: Environment) -> Typed:
    """NULLs are empty."""
    parts = [_text(one) for one in values]
    unicode = any(one.kind.is_unicode for one in parts)
    limit = 4000 if unicode else 8000
    total = sum(one.kind.length for one in parts)
    is_max = any(one.kind.is_max for one in parts)
    joined = " || ".join(f"coalesce({one.sql}, '')" for one in parts)
    kind = text(-1 if is_max else min(total, limit), unicode=unicode)
    return Typed(f"({joined})", kind, nullable=False)


def _concat_ws(values: Sequence[Typed], _: Environment) -> Typed:
    parts = [_text(one) for one in values]
    unicode = any(one.kind.is_unicode for one in parts)
    sql = f"concat_ws({', '.join(one.sql for one in parts)})"
    return Typed(sql, text(4000 if unicode else 8000, unicode=unicode), nullable=False)


def _char(values: Sequence[Typed], _: Environment, *, unicode: bool) -> Typed:
    (value,) = values
    sql = f"chr({convert(value, INT).sql})"
    return _result(sql, text(1, unicode=unicode), value)


def _code(values: Sequence[Typed], _: Environment) -> Typed:
    (value,) = values
    return _result(f"CAST(unicode({_text(value).sql}) AS INTEGER)", INT, value)


def _quotename(values: Sequence[Typed], _: Environment) -> Typed:
    value, *quote = values
    mark = quote[0].constant if quote else "["
    left, right = {"'": ("'", "'"), '"': ('"', '"')}.get(str(mark), ("[", "]"))
    value = _text(value)
    escaped = f"replace({value.sql}, {_literal(right)}, {_literal(right * 2)})"
    sql = f"({_literal(left)} || {escaped} || {_literal(right)})"
    return _result(sql, text(258, unicode=True), value)


def _literal(char: str) -> str:
    return "'" + char.replace("'", "''") + "'"


TEXT_FUNCTIONS: dict[str, Callable[[Sequence[Typed], Environment], Typed]] = {
    "LEN": _len,
    "DATALENGTH": _datalength,
    "UPPER": partial(_simple, sql="upper({})"),
    "LOWER": partial(_simple, sql="lower({})"),
    "LTRIM": partial(_simple, sql="ltrim({}, ' ')"),
    "RTRIM": partial(_simple, sql="rtrim({}, ' ')"),
    "REVERSE": partial(_simple, sql="reverse({})"),
    "TRIM": _trim,
    "LEFT": partial(_side, name="left"),
    "RIGHT": partial(_side, name="right"),
    "SUBSTRING": _substring,
    "CHARINDEX": _charindex,
    "REPLACE": _replace,
    "REPLICATE": _replicate,
    "SPACE": _space,
    "STUFF": _stuff,
    "CONCAT": _concat,
    "CONCAT_WS": _concat_ws,
    "CHAR": partial(_char, unicode=False),
    "NCHAR": partial(_char, unicode=True),
    "ASCII": _code,
    "UNICODE": _code,
    "QUOTENAME": _quotename,
}
