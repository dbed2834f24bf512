"""Conversions from and to text, and the lengths of text and binaries."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from sandbox.errors import SqlError
from sandbox.tds import convert_moments
from sandbox.tds.convert_constants import NOT_A_GUID, NOT_A_MOMENT, cut_text
from sandbox.tds.failures import VALUE, raised, unsupported
from sandbox.tds.styles import styled
from sandbox.tds.ticks import TICKS_PER_MINUTE
from sandbox.tds.types import MAX, OFFSET_STORAGE, Family, SqlType
from sandbox.tds.values import Typed, constant, text_literal

_TRUNCATION = 2628
_HEX_STYLES = (1, 2)
_BARE_HEX_STYLE = 2
_ASTRAL = r"'[^\x{10000}-\x{10FFFF}]'"


@lru_cache(maxsize=32)
def _outside(code_page: str) -> str:
    """A regular expression for the characters a code page has not."""
    known = bytes(range(256)).decode(code_page, "ignore")
    inside = "".join(rf"\x{{{ord(char):X}}}" for char in known)
    return f"[^{inside}]"


def unlimited(target: SqlType) -> SqlType:
    """The type without its length, for a value whose length is checked next."""
    name = {"char": "varchar", "nchar": "nvarchar", "binary": "varbinary"}.get(
        target.name, target.name
    )
    return replace(target, name=name, length=MAX)


def units(sql: str) -> str:
    """The number of UTF-16 code units of a text."""
    return f"(length({sql}) + length(regexp_replace({sql}, {_ASTRAL}, '', 'g')))"


def assign(value: Typed, target: SqlType, column: str, table: str) -> Typed:
    """A value for a column, refused when it is too long.

    Raises:
        SqlError: 2628, a constant is too long.
    """
    words = (
        f"String or binary data would be truncated in table '{table}', column "
        f"'{column}'. Truncated value: '{VALUE}'."
    )
    known = value.constant
    if isinstance(known, str | bytes):
        fitted = _fitted(known, target)
        if fitted is None:
            shown = known[: target.length] if isinstance(known, str) else ""
            raise SqlError(words.replace(VALUE, shown), number=_TRUNCATION)
        return constant(fitted, target)
    sql = value.sql
    if target.family is Family.BINARY:
        failure = raised(_TRUNCATION, words)
        checked = (
            f"CASE WHEN {sql} IS NULL OR octet_length({sql}) <= {target.length} "
            f"THEN {sql} ELSE {failure} END"
        )
    else:
        failure = raised(_TRUNCATION, words, f"left({sql}, {target.length})")
        trimmed = f"rtrim({sql}, ' ')"
        checked = (
            f"CASE WHEN {sql} IS NULL OR strlen({sql}) <= {target.length} THEN {sql} "
            f"WHEN {_count(sql, target)} <= {target.length} THEN {sql} "
            f"WHEN {_count(trimmed, target)} <= {target.length} "
            f"THEN left({sql}, {target.length}) ELSE {failure} END"
        )
    return Typed(_padded(checked, target), target, nullable=value.nullable)


def _count(sql: str, target: SqlType) -> str:
    return units(sql) if target.is_unicode else f"length({sql})"


def _fitted(known: str | bytes, target: SqlType) -> str | bytes | None:
    """A constant filled to its length; blanks at its end may be lost, no more."""
    if isinstance(known, bytes):
        filled = known.ljust(target.length, b"\0") if target.is_padded else known
        return filled if len(filled) <= target.length else None
    cut = cut_text(known, target)
    return cut if cut.rstrip(" ") == known.rstrip(" ") else None


def _padded(sql: str, target: SqlType) -> str:
    if not target.is_padded:
        return sql
    if target.family is Family.BINARY:
        return binary_length(sql, target)
    return f"rpad({sql}, {target.length}, ' ')"


def binary_length(sql: str, target: SqlType) -> str:
    """A binary cut or filled to a type's length."""
    if target.is_max:
        return sql
    digits = 2 * target.length
    cut = f"hex({sql})[1:{digits}]"
    if target.is_padded:
        cut = f"rpad({cut}, {digits}, '0')"
    return f"from_hex({cut})"


def guid_octets(sql: str, target: SqlType) -> str:
    """A uniqueidentifier's octets: those of its first three parts run backwards."""
    digits = f"replace(CAST({sql} AS VARCHAR), '-', '')"
    order = r"'\4\3\2\1\6\5\8\7\9'"
    turned = f"regexp_replace({digits}, '{'(..)' * 8}(.*)', {order})"
    return binary_length(f"from_hex({turned})", target)


def utf16_octets(sql: str) -> str:
    """The octets of nvarchar; of a text that is not ASCII character by character."""
    ascii_ = f"regexp_replace(hex(encode({sql})), '(..)', '\\100', 'g')"
    low = "printf('%02x%02x', unicode(c) & 255, unicode(c) >> 8)"
    pair = (
        "printf('%02x%02x%02x%02x', (unicode(c) - 65536 >> 10) & 255,"
        " 216 + (unicode(c) - 65536 >> 18), unicode(c) & 255,"
        " 220 + (unicode(c) >> 8 & 3))"
    )
    units = f"lambda c: CASE WHEN unicode(c) < 65536 THEN {low} ELSE {pair} END"
    each = f"list_transform(regexp_extract_all({sql}, '(?s).'), {units})"
    digits = (
        f"CASE WHEN length({sql}) = strlen({sql}) THEN {ascii_}"
        f" ELSE array_to_string({each}, '') END"
    )
    return f"from_hex({digits})"


def to_text(value: Typed, target: SqlType, style: int) -> str:
    """Text of a value, cut to the length of the target."""
    source = value.kind
    if source.family is Family.TEXT:
        return _between(value, target)
    sql = _plain_text(value, target, style)
    if target.is_max:
        return sql
    if source.family in (Family.DATE, Family.TIME, Family.MOMENT, Family.OFFSET):
        return _padded(f"left({sql}, {target.length})", target)
    if source.family is Family.BINARY:
        return _padded(f"left({sql}, {target.length})", target)
    fits = f"({sql}) IS NULL OR length({sql}) <= {target.length}"
    words = (
        "Insufficient result space to convert uniqueidentifier value to char."
        if source.family is Family.GUID
        else f"Arithmetic overflow error converting {source.name} to data type "
        f"{target.name}."
    )
    failure = raised(8170 if source.family is Family.GUID else 8115, words)
    if source.family is Family.INTEGER and not target.is_unicode:
        failure = "'*'"  # what SQL Server writes for an int that does not fit
    return _padded(f"CASE WHEN {fits} THEN {sql} ELSE {failure} END", target)


def _between(value: Typed, target: SqlType) -> str:
    source, sql = value.kind, value.sql
    if source.is_unicode and not target.is_unicode:
        pattern = text_literal(_outside(target.code_page))
        sql = f"regexp_replace({sql}, {pattern}, '?', 'g')"
    shorter = not target.is_max and (source.is_max or source.length > target.length)
    if shorter:
        sql = f"left({sql}, {target.length})"
    return _padded(sql, target)


def _plain_text(value: Typed, target: SqlType, style: int) -> str:
    sql = value.sql
    match value.kind.family:
        case Family.BIT:
            return f"CAST(CAST({sql} AS INTEGER) AS VARCHAR)"
        case Family.GUID:
            return f"upper(CAST({sql} AS VARCHAR))"
        case Family.DECIMAL if value.kind.name in ("money", "smallmoney"):
            digits = 4 if style == _BARE_HEX_STYLE else 2
            return f"CAST(CAST({sql} AS DECIMAL(19,{digits})) AS VARCHAR)"
        case Family.FLOAT:
            text = f"printf('%.6g', {sql})"
            return rf"regexp_replace({text}, 'e([+-])(\d\d)$', 'e\10\2')"
        case Family.BINARY:
            return _binary_text(sql, target, style)
        case Family.DATE | Family.TIME | Family.MOMENT | Family.OFFSET:
            return styled(value, style)
        case _:
            return f"CAST({sql} AS VARCHAR)"


def _binary_text(sql: str, target: SqlType, style: int) -> str:
    if style in _HEX_STYLES:
        prefix = "" if style == _BARE_HEX_STYLE else "'0x' || "
        return f"({prefix}hex({sql}))"
    if target.is_unicode:
        raise unsupported("CAST of a binary column to nvarchar")
    return f"decode({sql})"


def from_text(value: Typed, target: SqlType, style: int) -> str:
    """A value read out of a column of text."""
    name, sql = value.kind.name, value.sql
    text = f"trim({sql})"
    match target.family:
        case Family.INTEGER:
            return _integer(value, target)
        case Family.BIT:
            known = (
                f"CASE WHEN lower({text}) IN ('true', 'false') THEN lower({text}) = "
                f"'true' WHEN regexp_full_match({text}, '[+-]?\\d+') THEN "
                f"CAST({text} AS HUGEINT) <> 0 END"
            )
        case Family.DECIMAL | Family.FLOAT:
            known = f"TRY_CAST({text} AS {target.storage})"
        case Family.GUID:
            known = f"TRY_CAST({text} AS UUID)"
        case Family.BINARY if style not in _HEX_STYLES and not value.kind.is_unicode:
            return binary_length(f"encode({sql})", target)
        case Family.BINARY if style not in _HEX_STYLES:
            return binary_length(utf16_octets(sql), target)
        case Family.BINARY:
            raise unsupported(f"CAST of a column from {value.kind} to {target}")
        case _:
            known = _moment(sql, target)
    number, words = _failure(name, target)
    failure = raised(number, words, sql)
    return f"coalesce({known}, CASE WHEN ({sql}) IS NOT NULL THEN {failure} END)"


def _failure(source: str, target: SqlType) -> tuple[int, str]:
    match target.family:
        case Family.BIT:
            return 245, _quoting(source, target)
        case Family.GUID:
            return 8169, NOT_A_GUID
        case Family.DECIMAL | Family.FLOAT:
            wanted = "numeric" if target.name == "decimal" else target.name
            return 8114, f"Error converting data type {source} to {wanted}."
        case _:
            return 241, NOT_A_MOMENT


def _quoting(source: str, target: SqlType) -> str:
    return (
        f"Conversion failed when converting the {source} value '{VALUE}' to data "
        f"type {target.name}."
    )


def _integer(value: Typed, target: SqlType) -> str:
    name, sql = value.kind.name, value.sql
    text = f"trim({sql})"
    digits = (
        f"CASE WHEN regexp_full_match({text}, '[+-]?\\d+') THEN {text} "
        f"WHEN {text} = '' THEN '0' END"
    )
    if target.name == "bigint":
        failure = raised(8114, f"Error converting data type {name} to bigint.")
    else:
        overflow = raised(
            248 if target.name == "int" else 244,
            f"The conversion of the {name} value '{VALUE}' overflowed an "
            f"{target.name} column.",
            sql,
        )
        wrong = raised(245, _quoting(name, target), sql)
        failure = (
            f"CASE WHEN regexp_full_match({text}, '[+-]?\\d+') THEN {overflow} "
            f"ELSE {wrong} END"
        )
    return (
        f"coalesce(TRY_CAST({digits} AS {target.storage}), "
        f"CASE WHEN ({sql}) IS NOT NULL THEN {failure} END)"
    )


def _moment(sql: str, target: SqlType) -> str:
    """Ticks, days or whatever the target stores; NULL for what is no date.

    Of the formats that constants may have, a column may have the ISO ones.
    """
    text = (
        f"CASE WHEN regexp_full_match({sql}, '\\d{{8}}.*') THEN "
        f"{sql}[1:4] || '-' || {sql}[5:6] || '-' || {sql}[7:] "
        f"WHEN regexp_full_match({sql}, '\\d{{1,2}}:.*') THEN '1900-01-01 ' || {sql} "
        f"ELSE {sql} END"
    )
    zone = r"'\s*(Z|[+-]\d\d:\d\d)$'"
    local = f"TRY_CAST(regexp_replace({text}, {zone}, '') AS TIMESTAMP)"
    seventh = (
        f"coalesce(TRY_CAST(regexp_extract({sql}, '\\.\\d{{6}}(\\d)', 1) AS BIGINT), 0)"
    )
    ticks = f"({convert_moments.ticks(local)} + {seventh})"
    finest = SqlType("datetime2", scale=7)
    if target.family is Family.MOMENT:
        return convert_moments.fitted(ticks, finest, target)
    if target.family is not Family.OFFSET:
        return convert_moments.between(Typed(ticks, finest), target)
    found = f"regexp_extract({sql}, '([+-])(\\d\\d):(\\d\\d)$', "
    minutes = (
        f"coalesce(CASE {found}1) WHEN '-' THEN -1 ELSE 1 END * "
        f"(TRY_CAST({found}2) AS INTEGER) * 60 + TRY_CAST({found}3) AS INTEGER)), 0)"
    )
    return (
        f"CASE WHEN {local} IS NOT NULL THEN CAST({{'utc': {ticks} - {minutes} * "
        f"{TICKS_PER_MINUTE}, 'minutes': {minutes}}} AS {OFFSET_STORAGE}) END"
    )
