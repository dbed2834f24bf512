"""The collations the sandbox knows."""

from __future__ import annotations

import re

from sandbox.errors import SqlError
from sandbox.tds.types import DEFAULT_COLLATION

_KNOWN = re.compile(
    r"(SQL_Latin1_General_CP1|Latin1_General(_100)?|Cyrillic_General(_100)?)"
    r"(_C[IS]_A[IS]|_BIN2?)(_SC)?",
    re.IGNORECASE,
)


def checked_collation(name: str) -> str:
    """A collation's name, if it is one.

    Raises:
        SqlError: 448, it is none the sandbox knows.
    """
    if name.lower() in ("database_default", "catalog_default"):
        return DEFAULT_COLLATION
    if not _KNOWN.fullmatch(name):
        raise SqlError(f"Invalid collation '{name}'.", number=448)
    return name
