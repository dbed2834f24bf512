"""The channel for when Telegram is away: a mail for each state of an incident."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy

from pydantic import BaseModel, ValidationError

from pipelines.alerts.channel import (
    ChannelBusyError,
    ChannelRefusedError,
    Notice,
    Receipt,
)
from pipelines.alerts.message import plain, title
from pipelines.config import SmtpAddress
from pipelines.errors import PermanentError, TransientError
from pipelines.mail import mail_domain, send_mail

RETRY_AFTER = 60.0
"""Seconds to leave a server alone that does not take mail now."""


class _MessageIds(UnstructuredHeader, BaseHeader):
    """Message-IDs, which the library would encode where they are long."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {f'{policy.linesep} '.join(self.split())}{policy.linesep}"


def _policy() -> Policy[EmailMessage]:
    headers = HeaderRegistry()
    for name in ("in-reply-to", "references"):
        headers.map_to_type(name, _MessageIds)
    return SMTP.clone(header_factory=headers)


class _Thread(BaseModel):
    """The mails of an incident.

    Attributes:
        subject: Of all of them; some programs sort by nothing else.
        first: The first one's Message-ID.
        last: The last one's.
    """

    subject: str
    first: str
    last: str


class MailChannel:
    """A `Channel` that cannot edit: each state of an incident is a mail of its own."""

    name = "mail"

    def __init__(self, addresses: Sequence[SmtpAddress]) -> None:
        """Keep where to send; nothing is sent yet.

        Args:
            addresses: Servers in the order to try.
        """
        self._addresses = tuple(addresses)

    def deliver(
        self, notice: Notice, before: Receipt | None, deadline: float
    ) -> Receipt:
        """Mail a notice as an answer to the incident's last mail.

        The same state has the same Message-ID, however often it is sent, but for one
        that is to be shown anew: programs drop what they have by its Message-ID.

        Raises:
            ChannelBusyError: No server took it; one of them may later.
            ChannelRefusedError: No server took it, and somebody must act first.
        """
        known = _read(before)
        thread = self._continued(known, notice)
        if known and known.last == thread.last and before:
            return before
        message = _message(notice, known, thread)
        try:
            send_mail(self._addresses, message, deadline)
        except TransientError as error:
            raise ChannelBusyError(
                error.cause, step=error.step, where=error.where, retry_after=RETRY_AFTER
            ) from error
        except PermanentError as error:
            raise ChannelRefusedError(
                error.cause, step=error.step, where=error.where
            ) from error
        return Receipt(thread.model_dump_json())

    def _continued(self, known: _Thread | None, notice: Notice) -> _Thread:
        """The thread with a mail of this notice as its last."""
        sender = self._addresses[0].sender if self._addresses else ""
        state = repr(replace(notice, silent=False))  # a mail has no sound
        digest = hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
        last = f"<incident-{notice.number}.{digest[:16]}@{mail_domain(sender)}>"
        if known:
            return known.model_copy(update={"last": last})
        return _Thread(subject=title(notice), first=last, last=last)


def _message(notice: Notice, known: _Thread | None, thread: _Thread) -> EmailMessage:
    message = EmailMessage(_policy())
    message["Subject"] = f"Re: {thread.subject}" if known else thread.subject
    message["Message-ID"] = thread.last
    # Keeps out-of-office programs from answering (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if known:
        message["In-Reply-To"] = known.last
        message["References"] = " ".join(dict.fromkeys([known.first, known.last]))
    message.set_content(plain(notice), cte="quoted-printable")
    return message


def _read(receipt: Receipt | None) -> _Thread | None:
    try:
        return _Thread.model_validate_json(receipt.reference) if receipt else None
    except ValidationError:
        return None  # It is not ours. Better a thread of its own than no mail.
