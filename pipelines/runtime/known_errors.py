"""A server's errors by their codes: what each means, and what is to be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from pipelines.errors import (
    PermanentError,
    ShardlineError,
    TransientError,
    UnavailableHereError,
)

LATER = "it may pass: run it again"


class Verdict(Enum):
    """What an error asks for; its value says it in words."""

    PASSES = "tried again"
    ELSEWHERE = "next address"
    STAYS = "told at once"


@dataclass(frozen=True)
class KnownErrors:
    """Errors that mean the same to a load.

    Attributes:
        codes: The server's numbers or SQLSTATEs, with spaces between them; a whole
            class of SQLSTATEs by its beginning.
        verdict: What is done about it.
        source: Where the codes are described, for who checks them.
        meaning: What has happened, in a few words.
        why: Why the verdict is right.
        step: What to do next, where the load cannot help itself.
    """

    codes: str
    verdict: Verdict
    source: str
    meaning: str
    why: str
    step: str = ""

    def error(self, cause: str, code: str) -> ShardlineError:
        """What is raised for one of them.

        Args:
            cause: What the server said.
            code: Its number or SQLSTATE.
        """
        match self.verdict:
            case Verdict.PASSES:
                return TransientError(cause, step=LATER, code=code)
            case Verdict.ELSEWHERE:
                return UnavailableHereError(cause, step=self.step, code=code)
            case Verdict.STAYS:
                return PermanentError(cause, step=self.step, code=code)


class ErrorTable:
    """All errors of a server that are known."""

    def __init__(
        self, rows: Iterable[KnownErrors], rest: KnownErrors, *, class_length: int = 0
    ) -> None:
        """Find errors by their codes.

        Args:
            rows: What is known; each code is in one of them.
            rest: What is done about all others.
            class_length: How many characters of a code are its class, if it has one.
        """
        self.rows = (*rows, rest)
        self._rest = rest
        self._class_length = class_length
        self._by_code = {code: row for row in self.rows for code in row.codes.split()}

    def find(self, code: str) -> KnownErrors:
        """What is known of a code, or else of its class."""
        of_class = self._by_code.get(code[: self._class_length], self._rest)
        return self._by_code.get(code, of_class)
