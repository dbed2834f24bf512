"""Numbers and strings as they are written: their types follow from that."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds.types import FLOAT, INT, MAXIMUM_PRECISION, MONEY, decimal, text
from sandbox.tds.values import Typed, constant

if TYPE_CHECKING:
    from sandbox.tds.syntax import Text


def text_constant(node: Text) -> Typed:
    """A string; without N it has only the characters of the code page."""
    value = node.value
    if not node.unicode:
        value = value.encode("cp1252", "replace").decode("cp1252", "replace")
    return constant(value, text(len(node.value), unicode=node.unicode))


def number_constant(written: str) -> Typed:
    """A number.

    Raises:
        SqlError: 1007, it has too many digits.
    """
    sign, digits = ("-", written[1:]) if written[0] == "-" else ("", written)
    if digits.startswith("$"):
        return constant(Decimal(sign + digits[1:]), MONEY)
    if "e" in digits.lower():
        return constant(float(sign + digits), FLOAT)
    if "." in digits:
        whole, _, fraction = digits.partition(".")
        precision = len(whole.lstrip("0")) + len(fraction)
        kind = decimal(max(1, precision), len(fraction))
        return constant(Decimal(sign + digits), replace(kind, name="numeric"))
    if int(digits) <= INT.range[1]:
        return constant(int(sign + digits), INT)
    precision = len(digits.lstrip("0"))
    if precision > MAXIMUM_PRECISION:
        raise SqlError(
            f"The number '{digits}' is out of the range for numeric representation "
            "(maximum precision 38).",
            number=1007,
            severity=15,
        )
    kind = replace(decimal(precision, 0), name="numeric")
    return constant(Decimal(sign + digits), kind)
