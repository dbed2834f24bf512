"""Every error the product raises, arranged by what the caller can do about it.

=====================  ==========================================================
ConfigurationError     correct the configuration; nothing was started
NotReadyError          wait: the day is not over yet
TransientError         try again: the cause is expected to go away by itself
PermanentError         someone must act first: trying again changes nothing
=====================  ==========================================================
"""

from __future__ import annotations

from typing import Self

from pipelines.text import mask_secrets, visible

LONGEST = 20_000
"""Most characters of a text that are told in a line."""

BEYOND = 4_000
"""Characters behind those in which a secret is looked for, so that none is cut."""


class ShardlineError(Exception):
    """An error that is told to people in one line.

    Attributes:
        cause: What happened, in one line, with no secret in it.
        step: What to do next, in one line.
        where: What it happened to, such as ``orders 2019-03-14 abakan``, or "".
        code: The server's own number or SQLSTATE of it, or "".
    """

    def __init__(
        self, cause: str, *, step: str = "", where: str = "", code: str = ""
    ) -> None:
        """Keep what is told."""
        self.cause = one_line(cause)
        super().__init__(self.cause)
        self.step = one_line(step)
        self.where = one_line(where)
        self.code = code

    def at(self, where: str) -> Self:
        """The same error, with the partition it happened to."""
        self.where = one_line(where)
        return self

    def __str__(self) -> str:
        """The whole story in one line: where, cause, next step."""
        line = f"{self.where}: {self.cause}" if self.where else self.cause
        return f"{line}; {self.step}" if self.step else line


class ConfigurationError(ShardlineError):
    """An option, a table or a shard is wrong; nothing was started."""


class NotReadyError(ShardlineError):
    """The day has not ended yet where the shard is."""


class TransientError(ShardlineError):
    """What failed may well succeed when tried again."""


class UnavailableHereError(TransientError):
    """What is wanted is not at this address of a server; it may be at another."""


class UnknownOutcomeError(TransientError):
    """A commit was sent, and the warehouse cannot be asked whether it happened."""


class PermanentError(ShardlineError):
    """What failed will fail again until someone acts."""


class RefusedLoginError(PermanentError):
    """A server refuses a user or a password; asking again may lock the account."""


def one_line(text: str) -> str:
    """The text without secrets, hidden characters visible, runs of space folded.

    No more of it than `LONGEST` characters: a server may say as much as it likes.
    """
    told = mask_secrets(text[: LONGEST + BEYOND])
    line = visible(" ".join(told.split()))
    is_cut = len(line) > LONGEST or len(text) > LONGEST + BEYOND
    return f"{line[: LONGEST - 1]}…" if is_cut else line
