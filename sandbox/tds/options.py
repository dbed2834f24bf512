"""SET options: which the sandbox obeys, which change nothing here, which it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.errors import SqlError
from sandbox.tds.failures import unsupported

# They hold whatever is said: the sandbox always behaves as with the value named, and
# refuses the other one.
_FIXED = {
    "ANSI_DEFAULTS": "ON",
    "ANSI_NULLS": "ON",
    "ANSI_NULL_DFLT_ON": "ON",
    "ANSI_NULL_DFLT_OFF": "OFF",
    "ANSI_PADDING": "ON",
    "CONCAT_NULL_YIELDS_NULL": "ON",
    "CURSOR_CLOSE_ON_COMMIT": "*",  # the sandbox has no server cursors
    "ANSI_WARNINGS": "ON",
    "ARITHABORT": "ON",
    "ARITHIGNORE": "OFF",
    "FORCEPLAN": "*",
    "PARSEONLY": "OFF",
    "NOEXEC": "OFF",
    "IMPLICIT_TRANSACTIONS": "OFF",
    "NUMERIC_ROUNDABORT": "OFF",
    "REMOTE_PROC_TRANSACTIONS": "OFF",
    "SHOWPLAN_ALL": "OFF",
    "SHOWPLAN_TEXT": "OFF",
    "SHOWPLAN_XML": "OFF",
    "STATISTICS": "OFF",
    "ROWCOUNT": "0",
    "DATEFORMAT": "MDY",
    "DATEFIRST": "7",
    "LANGUAGE": "US_ENGLISH",
    "TEXTSIZE": "*",
    "DEADLOCK_PRIORITY": "*",
    "QUERY_GOVERNOR_COST_LIMIT": "*",
}
_SYNONYMS = {("LANGUAGE", "ENGLISH"): "US_ENGLISH"}
_ISOLATION_LEVELS = frozenset(
    {
        "READ COMMITTED",
        "READ UNCOMMITTED",
        "REPEATABLE READ",
        "SERIALIZABLE",
        "SNAPSHOT",
    }
)
# A transaction here is READ COMMITTED; a lower level promises less.
_OFFERED_LEVELS = frozenset({"READ COMMITTED", "READ UNCOMMITTED"})


@dataclass
class Options:
    """A session's options.

    Attributes:
        fmtonly: Whether queries answer their columns and no rows.
        lock_timeout: Milliseconds; reading never waits here, so it only answers.
        identity_insert: The table that takes given identity values, folded.
    """

    nocount: bool = False
    xact_abort: bool = False
    quoted_identifier: bool = True
    fmtonly: bool = False
    lock_timeout: int = -1
    identity_insert: str = ""

    def set(self, name: str, value: str) -> None:
        """Obey SET name value.

        Raises:
            SqlError: 195, there is no such option; 50100, the sandbox cannot.
        """
        for one in name.split(","):
            self._set_one(one, value.upper())

    def _set_one(self, name: str, value: str) -> None:
        match name:
            case "NOCOUNT":
                self.nocount = _on(name, value)
            case "XACT_ABORT":
                self.xact_abort = _on(name, value)
            case "QUOTED_IDENTIFIER":
                self.quoted_identifier = _on(name, value)
            case "FMTONLY":
                self.fmtonly = _on(name, value)
            case "LOCK_TIMEOUT":
                self.lock_timeout = _number(name, value)
            case "IDENTITY_INSERT":
                state, _, table = value.partition(" ")
                self.identity_insert = table.casefold() if _on(name, state) else ""
            case "ISOLATION LEVEL":
                if value not in _ISOLATION_LEVELS:
                    raise SqlError(
                        f"Incorrect syntax near '{value}'.", number=102, severity=15
                    )
                if value not in _OFFERED_LEVELS:
                    raise unsupported(f"SET TRANSACTION ISOLATION LEVEL {value}")
            case _:
                _fixed(name, value)


def _fixed(name: str, value: str) -> None:
    if name not in _FIXED:
        raise SqlError(
            f"'{name}' is not a recognized SET option.", number=195, severity=15
        )
    wanted = _FIXED[name]
    value = _SYNONYMS.get((name, value), value)
    if name == "ARITHABORT":
        return  # with ANSI_WARNINGS ON, as it is here, both values do the same
    if wanted not in ("*", value):
        raise unsupported(f"SET {name} {value}")


def _on(name: str, value: str) -> bool:
    if value not in ("ON", "OFF"):
        raise SqlError(f"Incorrect syntax near '{name}'.", number=102, severity=15)
    return value == "ON"


def _number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise SqlError(
            f"Incorrect syntax near '{name}'.", number=102, severity=15
        ) from None
