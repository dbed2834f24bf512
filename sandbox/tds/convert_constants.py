"""Conversions of values known when the statement is compiled."""

from __future__ import annotations

import re
import uuid
from decimal import ROUND_HALF_UP, Context, Decimal

from sandbox.errors import SqlError
from sandbox.tds import moments
from sandbox.tds.ticks import TICKS_PER_DAY, TICKS_PER_MINUTE
from sandbox.tds.types import Family, SqlType
from sandbox.tds.values import Constant, Typed, constant

NOT_A_GUID = (
    "Conversion failed when converting from a character string to uniqueidentifier."
)
NOT_A_MOMENT = (
    "Conversion failed when converting date and/or time from character string."
)
_CONTEXT = Context(prec=80)
_INTEGER = re.compile(r"\s*[+-]?\d+\s*")
_DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*")
_MONEY = re.compile(r"\s*[+-]?\s*\$?\s*[+-]?(\d[\d,]*\.?\d*|\.\d+)\s*")
_FLOAT = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?.*")
_HEX_STYLE = 1
_BARE_HEX_STYLE = 2
_MONEY_BITS = {"money": 64, "smallmoney": 32}
_LITTLE_TYPES = {"bigint": 8, "int": 4, "smallint": 2, "tinyint": 1, "bit": 1}


def convert(value: Typed, target: SqlType, style: int) -> Typed | None:
    """Convert a constant; None leaves it to DuckDB.

    Raises:
        SqlError: With the number SQL Server gives.
    """
    source, wanted = value.kind.family, target.family
    known = value.constant
    if known is None:
        return None
    if source is Family.TEXT:
        return _from_text(str(known), value.kind, target, style)
    if isinstance(known, bytes):
        return _from_bytes(known, target, style)
    if wanted is Family.INTEGER and isinstance(known, int | Decimal):
        whole = int(known)
        if target.range[0] <= whole <= target.range[1]:
            return constant(whole, target)
        return None
    if wanted is Family.DECIMAL and isinstance(known, int | Decimal):
        return _decimal(Decimal(known), value.kind, target)
    if wanted is Family.BINARY and isinstance(known, int):
        return _integer_bytes(known, value.kind, target)
    return None


def _from_text(text: str, source: SqlType, target: SqlType, style: int) -> Typed | None:
    match target.family:
        case Family.INTEGER:
            return constant(_integer(text, source, target), target)
        case Family.BIT:
            return constant(_bit(text, source), target)
        case Family.DECIMAL:
            return _text_decimal(text, source, target)
        case Family.FLOAT:
            return constant(_float(text, source, target), target)
        case Family.GUID:
            return constant(_guid(text), target)
        case Family.DATE | Family.TIME | Family.MOMENT | Family.OFFSET:
            return constant(_moment(text, target), target)
        case Family.BINARY:
            data = _text_bytes(text, source, style)
            return constant(_cut_bytes(data, target), target)
        case _:
            return constant(cut_text(text, target), target)


def _failed(text: str, source: SqlType, target: SqlType, *, number: int) -> SqlError:
    if number == 245:  # noqa: PLR2004 - the message that quotes the value
        words = (
            f"Conversion failed when converting the {source.name} value '{text}' to "
            f"data type {target.name}."
        )
        return SqlError(words, number=245)
    name = "numeric" if target.name == "decimal" else target.name
    return SqlError(
        f"Error converting data type {source.name} to {name}.", number=number
    )


def _integer(text: str, source: SqlType, target: SqlType) -> int:
    number = 8114 if target.name == "bigint" else 245
    if not text.strip(" "):
        return 0
    if not _INTEGER.fullmatch(text):
        raise _failed(text, source, target, number=number)
    value = int(text)
    low, high = target.range
    if low <= value <= high:
        return value
    if target.name == "bigint":
        raise _failed(text, source, target, number=8114)
    words = f"The conversion of the {source.name} value '{text}' overflowed an "
    column = "INT1" if target.name == "tinyint" else "INT2"
    if target.name == "int":
        raise SqlError(words + "int column.", number=248)
    raise SqlError(words + f"{column} column. Use a larger integer column.", number=244)


def _bit(text: str, source: SqlType) -> bool:
    word = text.strip().lower()
    if word in ("true", "false"):
        return word == "true"
    if not _INTEGER.fullmatch(text):
        raise _failed(text, source, SqlType("bit"), number=245)
    return int(text) != 0


def _text_decimal(text: str, source: SqlType, target: SqlType) -> Typed:
    pattern = _DECIMAL
    if target.name in ("money", "smallmoney"):
        pattern = _MONEY
    if not pattern.fullmatch(text):
        number = 235 if pattern is _MONEY else 8114
        raise _failed(text, source, target, number=number)
    digits = text.replace(" ", "").replace(",", "").replace("$", "")
    return _decimal(Decimal(digits), source, target)


def _decimal(value: Decimal, source: SqlType, target: SqlType) -> Typed:
    unit = Decimal(1).scaleb(-target.scale)
    rounded = value.quantize(unit, ROUND_HALF_UP, _CONTEXT)
    last = (10**target.precision - 1, 10**target.precision - 1)
    if target.name in _MONEY_BITS:
        half = 1 << (_MONEY_BITS[target.name] - 1)
        last = (half, half - 1)
    unscaled = int(rounded.scaleb(target.scale, _CONTEXT))
    if not -last[0] <= unscaled <= last[1]:
        name = "numeric" if target.name == "decimal" else target.name
        raise SqlError(
            f"Arithmetic overflow error converting {source.name} to data type {name}.",
            number=8115,
        )
    return constant(rounded, target)


def _float(text: str, source: SqlType, target: SqlType) -> float:
    if not text.strip(" "):
        return 0.0
    if not _FLOAT.fullmatch(text):
        raise _failed(text, source, target, number=8114)
    return float(text)


def _guid(text: str) -> uuid.UUID:
    match = _GUID.fullmatch(text)
    if match is None:
        raise SqlError(NOT_A_GUID, number=8169)
    return uuid.UUID(match.group(1))


def _moment(text: str, target: SqlType) -> Constant:
    try:
        ticks, minutes = moments.parse(text)
        if target.family is Family.DATE:
            return moments.days_of(ticks)
        if target.family is Family.TIME:
            rounded = moments.round_ticks(ticks, 10 ** (7 - target.scale))
            return rounded % TICKS_PER_DAY
        if target.family is Family.OFFSET:
            utc = ticks - minutes * TICKS_PER_MINUTE
            return moments.round_ticks(utc, 10 ** (7 - target.scale)), minutes
        return moments.fit(ticks, target)
    except moments.MomentRangeError:
        raise SqlError(
            f"The conversion of a varchar data type to a {target.name} data type "
            "resulted in an out-of-range value.",
            number=242,
        ) from None
    except moments.MomentError:
        raise SqlError(NOT_A_MOMENT, number=241) from None


def _text_bytes(text: str, source: SqlType, style: int) -> bytes:
    if style in (_HEX_STYLE, _BARE_HEX_STYLE):
        digits = text.strip()
        if style == _HEX_STYLE:
            digits = digits.removeprefix("0x").removeprefix("0X")
        try:
            return bytes.fromhex(digits)
        except ValueError:
            raise SqlError(
                f"Error converting data type {source.name} to varbinary.", number=8114
            ) from None
    codec = "utf-16-le" if source.is_unicode else source.code_page
    return text.encode(codec, "replace")


def _cut_bytes(data: bytes, target: SqlType) -> bytes:
    if not target.is_max:
        data = data[: target.length]
        if target.is_padded:
            data = data.ljust(target.length, b"\0")
    return data


def cut_text(text: str, target: SqlType) -> str:
    """Text as a type holds it: in its code page, cut or filled to its length."""
    if not target.is_unicode:
        text = text.encode(target.code_page, "replace").decode(
            target.code_page, "replace"
        )
    if target.is_max:
        return text
    if target.is_unicode:
        units = text.encode("utf-16-le", "surrogatepass")[: 2 * target.length]
        text = units.decode("utf-16-le", "ignore")
    else:
        text = text[: target.length]
    return text.ljust(target.length) if target.is_padded else text


def _from_bytes(data: bytes, target: SqlType, style: int) -> Typed | None:
    match target.family:
        case Family.BINARY:
            return constant(_cut_bytes(data, target), target)
        case Family.INTEGER | Family.BIT:
            width = _LITTLE_TYPES[target.name]
            signed = target.name != "tinyint"
            value = int.from_bytes(
                data[-width:].rjust(width, b"\0"), "big", signed=signed
            )
            if target.family is Family.BIT:
                return constant(value != 0, target)
            return constant(value, target)
        case Family.GUID:
            return constant(uuid.UUID(bytes_le=data[:16].ljust(16, b"\0")), target)
        case Family.TEXT:
            return constant(cut_text(_bytes_text(data, target, style), target), target)
        case _:
            return None


def _bytes_text(data: bytes, target: SqlType, style: int) -> str:
    if style == _HEX_STYLE:
        return "0x" + data.hex().upper()
    if style == _BARE_HEX_STYLE:
        return data.hex().upper()
    codec = "utf-16-le" if target.is_unicode else target.code_page
    return data.decode(codec, "replace")


def _integer_bytes(value: int, source: SqlType, target: SqlType) -> Typed | None:
    width = _LITTLE_TYPES.get(source.name)
    if width is None:
        return None
    data = int(value).to_bytes(
        width, "big", signed=source.name not in ("tinyint", "bit")
    )
    if target.is_padded:
        return constant(data[-target.length :].rjust(target.length, b"\0"), target)
    return constant(data if target.is_max else data[-target.length :], target)
