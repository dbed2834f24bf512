"""What a channel of alerts is: one small protocol, so that another is one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pipelines.errors import PermanentError, TransientError

WISH = "wish"
"""What stands in a button's data before a colon and the wish in words."""


@dataclass(frozen=True)
class Action:
    """Something that people can do about an incident, where a channel has buttons.

    Attributes:
        label: What is on the button.
        wish: What pressing it wishes, in the words of a chat.
    """

    label: str
    wish: str


@dataclass(frozen=True)
class Notice:
    """One state of one incident, in plain text: a channel adds its own markup.

    Attributes:
        number: The incident's number; every message shows it as ``#17``, so that a
            duplicate is recognised.
        headline: Such as ``38 of 150 shards of LoadOrders 2019-03-14 failed``.
        cause: The error, verbatim.
        facts: Such as ``first abakan, achinsk …``, ``since 02:14``, ``4th night
            running``.
        step: What to do next.
        recovered: Whether the incident is over.
        silent: Whether it is to wake nobody, where a channel can do that: its incident
            is muted, or it tells only what people have done about it.
        showing: How often the incident was to be shown anew before: one with another
            number than what is shown is a new message, unless it is silent.
        actions: What people can do about it; a channel without buttons leaves it out.
    """

    number: int
    headline: str
    cause: str
    facts: tuple[str, ...]
    step: str
    recovered: bool = False
    silent: bool = False
    showing: int = 0
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What a channel needs in order to edit what it sent; kept in the outbox as text.

    Attributes:
        reference: For the channel alone to read.
    """

    reference: str


class Channel(Protocol):
    """A way to reach people.

    Attributes:
        name: Such as ``telegram``.
    """

    name: str

    def deliver(
        self, notice: Notice, before: Receipt | None, deadline: float
    ) -> Receipt:
        """Show a notice.

        A notice of an incident that goes on replaces what was shown of it, where the
        channel can edit, and is sent anew where it cannot, or where `showing` is
        another. One with `recovered` is a message of its own, a reply to the
        incident's. A notice that `before` tells is shown already is not sent again.

        Args:
            notice: The state to show.
            before: What the last delivery of this incident returned, or the last
                `ChannelBusyError` of it carried; None if there was none.
            deadline: When to give up, of `time.monotonic`.

        Returns:
            What to pass as `before` next time.

        Raises:
            ChannelBusyError: Try again later. It may have been shown all the same.
            ChannelRefusedError: Nobody was reached, and somebody must act first.
        """


def can_edit(channel: Channel) -> bool:
    """Whether a channel changes what it has shown, so that nobody is woken by it.

    It says so by an attribute `edits`, which it need not have.
    """
    return bool(getattr(channel, "edits", False))


class ChannelBusyError(TransientError):
    """The channel does not take it now: try again later.

    Attributes:
        retry_after: How long to leave it alone, in seconds.
        receipt: What was shown until then; None if nothing was.
    """

    def __init__(
        self,
        cause: str,
        *,
        step: str = "",
        where: str = "",
        retry_after: float = 60,
        receipt: Receipt | None = None,
    ) -> None:
        """Keep what is told, and when to come back."""
        super().__init__(cause, step=step, where=where)
        self.retry_after = retry_after
        self.receipt = receipt


class ChannelRefusedError(PermanentError):
    """The channel will not take it until somebody corrects what the text names."""
