"""By what somebody is known who comes in by one of the ways."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pipelines.errors import ConfigurationError

LONGEST_SUBJECT = 200

NOBODY_ON_TELEGRAM = {
    "777000": "Telegram itself, which passes on what was written in a channel",
    "1087968824": "any administrator of a group who writes without a name",
    "136817688": "anybody who writes in the name of a channel",
}
"""Numbers under which Telegram shows what different people have written."""

_NUMBER = re.compile(r"[1-9][0-9]{0,18}")


class IdentityKind(StrEnum):
    """Who vouches for an identity."""

    TELEGRAM = "telegram"
    """Telegram: the number of a user."""
    PROXY = "proxy"
    """The proxy in front of the page: the subject that it has verified."""
    PASSWORD = "password"  # noqa: S105 - a kind
    """The page itself: a name in the file of passwords."""
    SHELL = "shell"
    """The operating system: the name of the user that a command runs as."""
    CHAT = "chat"
    """Nobody: a chat in which somebody has written without showing who they are."""


@dataclass(frozen=True)
class Identity:
    """Who somebody is, as one of the ways in has it; such as ``telegram:12345``.

    Raises:
        ConfigurationError: Nobody could be told by it for certain.
    """

    kind: IdentityKind
    subject: str

    def __post_init__(self) -> None:
        """Refuse what several people may be, or become."""
        if fault := self._fault():
            raise ConfigurationError(f"{self.kind} {self.subject!r} {fault}")

    def __str__(self) -> str:
        """Kind and subject."""
        return f"{self.kind}:{self.subject}"

    def _fault(self) -> str:
        if self.kind is IdentityKind.TELEGRAM:
            if not _NUMBER.fullmatch(self.subject):
                return "is no user's number; a @name may be somebody else's tomorrow"
            if known := NOBODY_ON_TELEGRAM.get(self.subject):
                return f"is {known}"
        # Never cut: two long subjects would become one.
        if not 0 < len(self.subject) <= LONGEST_SUBJECT:
            return f"does not have 1 to {LONGEST_SUBJECT} characters"
        if not self.subject.isprintable() or self.subject != self.subject.strip():
            return "has hidden characters, or blanks around it"
        return ""
