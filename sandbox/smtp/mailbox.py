"""The mails that were accepted, in memory and, if asked for, in a folder."""

from __future__ import annotations

import base64
import email
import email.policy
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.private_files import private_folder, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage
    from pathlib import Path


@dataclass(frozen=True)
class Mail:
    """One mail as it was accepted.

    Attributes:
        sender: The address of MAIL FROM, `""` for `<>`.
        recipients: Those that were accepted, in order.
        data: What stands between DATA and the dot, with CRLF.
        user: Who logged in, `""` for nobody.
        tls: Whether it came encrypted.
    """

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    user: str = ""
    tls: bool = False

    @property
    def message(self) -> EmailMessage:
        """What `data` says, parsed."""
        return email.message_from_bytes(self.data, policy=email.policy.default)

    def as_fields(self) -> dict[str, Any]:
        """Return what `from_fields` reads, as JSON can carry it."""
        return {**vars(self), "data": base64.b64encode(self.data).decode()}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Mail:
        """Make one of what `as_fields` told."""
        recipients = tuple(fields["recipients"])
        data = base64.b64decode(fields["data"])
        return cls(**{**fields, "recipients": recipients, "data": data})


class Mailbox:
    """Keeps mails. Thread-safe."""

    def __init__(self, folder: Path | None = None) -> None:
        """Begin empty.

        Args:
            folder: Where each mail becomes a file, `0001.eml` and so on, after those
                that are there; None for nowhere.
        """
        self._folder = folder
        self._lock = threading.Lock()
        self._mails: list[Mail] = []

    def keep(self, mail: Mail) -> None:
        """Accept a mail.

        Raises:
            OSError: The folder cannot be written; the mail is not accepted.
        """
        with self._lock:
            if self._folder:
                _write(self._folder, mail.data)
            self._mails.append(mail)

    def read(self) -> list[Mail]:
        """Return the mails, oldest first."""
        with self._lock:
            return list(self._mails)

    def clear(self) -> None:
        """Forget them; files stay."""
        with self._lock:
            self._mails.clear()


def _write(folder: Path, data: bytes) -> None:
    private_folder(folder)
    numbers = [int(one.stem) for one in folder.glob("*.eml") if one.stem.isdecimal()]
    replace_file(folder / f"{max(numbers, default=0) + 1:04}.eml", data)
