"""The collations the sandbox knows: code pages of one byte, case and accents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sandbox.errors import SqlError

DEFAULT_COLLATION = "SQL_Latin1_General_CP1_CI_AS"

# What stands before the sensitivities: locale and code page.
_LOCALES = {
    "sql_latin1_general_cp1": (0x0409, "cp1252"),
    "latin1_general": (0x0409, "cp1252"),
    "finnish_swedish": (0x040B, "cp1252"),
    "french": (0x040C, "cp1252"),
    "modern_spanish": (0x0C0A, "cp1252"),
    "german_phonebook": (0x0407, "cp1252"),
    "polish": (0x0415, "cp1250"),
    "czech": (0x0405, "cp1250"),
    "hungarian": (0x040E, "cp1250"),
    "romanian": (0x0418, "cp1250"),
    "cyrillic_general": (0x0419, "cp1251"),
    "ukrainian": (0x0422, "cp1251"),
    "greek": (0x0408, "cp1253"),
    "turkish": (0x041F, "cp1254"),
    "hebrew": (0x040D, "cp1255"),
    "arabic": (0x0401, "cp1256"),
    "estonian": (0x0425, "cp1257"),
    "latvian": (0x0426, "cp1257"),
    "lithuanian": (0x0427, "cp1257"),
    "vietnamese": (0x042A, "cp1258"),
    "thai": (0x041E, "cp874"),
}
_PATTERN = re.compile(
    r"(?P<locale>\w+?)(_100)?(?P<order>_C[IS]_A[IS](_KS)?(_WS)?|_BIN2?)(_SC)?",
    re.IGNORECASE,
)
_SQL_ORDER = {"sql_latin1_general_cp1_ci_as": 52, "sql_latin1_general_cp1_cs_as": 51}
_IGNORE_CASE, _IGNORE_WIDTH, _IGNORE_KANA, _BINARY = 0x10, 0x80, 0x40, 0x100


@dataclass(frozen=True, slots=True)
class Collation:
    """A collation.

    Attributes:
        locale: Its Windows locale identifier.
        code_page: The Python codec of varchar values.
        sort_order: Of SQL Server's own collations; 0 for those of Windows.
    """

    locale: int
    code_page: str
    ignores_case: bool
    sort_order: int

    @property
    def wire(self) -> bytes:
        """The five bytes that name it on the wire ([MS-TDS] 2.2.5.1.2)."""
        flags = _IGNORE_KANA | _IGNORE_WIDTH
        flags |= _IGNORE_CASE if self.ignores_case else 0
        bits = self.locale | flags << 16
        return bits.to_bytes(4, "little") + bytes([self.sort_order])


@lru_cache(maxsize=256)
def find_collation(name: str) -> Collation:
    """The collation of a name.

    Raises:
        SqlError: 448, it is none the sandbox knows.
    """
    match = _PATTERN.fullmatch(name)
    known = _LOCALES.get(match["locale"].lower()) if match else None
    if match is None or known is None:
        raise SqlError(f"Invalid collation '{name}'.", number=448)
    locale, code_page = known
    ignores_case = match["order"].upper().startswith("_CI")
    return Collation(locale, code_page, ignores_case, _SQL_ORDER.get(name.lower(), 0))


@lru_cache(maxsize=256)
def collation_of(wire: bytes) -> str:
    """The name of a collation on the wire; of several that are alike, any.

    One that the sandbox does not know is taken for the default.
    """
    bits, order = int.from_bytes(wire[:4], "little"), wire[4]
    for locale, (number, _) in _LOCALES.items():
        sensitivity = "CI" if bits >> 16 & _IGNORE_CASE else "CS"
        name = f"{locale}_{sensitivity}_AS"
        found = find_collation(name)
        if number == bits & 0xFFFF and found.sort_order == order:
            return DEFAULT_COLLATION if name == DEFAULT_COLLATION.lower() else name
    return DEFAULT_COLLATION


def checked_collation(name: str) -> str:
    """A collation's name, if it is one.

    Raises:
        SqlError: 448, it is none the sandbox knows.
    """
    if name.lower() in ("database_default", "catalog_default"):
        return DEFAULT_COLLATION
    find_collation(name)
    return name
