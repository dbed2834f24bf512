"""Tells those who have subscribed, apart from whoever is on call.

That is a pass of its own, after a sender has shown what it has to the configured
channels. Nothing that becomes of it changes what is sent there, when, or what counts as
shown: it keeps a table and limits of its own.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence

from pipelines.alerts.channel import (
    Channel,
    ChannelBusyError,
    ChannelRefusedError,
    Notice,
    Receipt,
)
from pipelines.alerts.incidents import Incident
from pipelines.alerts.sender_lease import Lease
from pipelines.alerts.sending.subscriber_receipts import (
    Place,
    forget_told,
    pending_incidents,
    places_to_tell,
    record_tried,
)
from pipelines.alerts.telegram.channel import TelegramChannel
from pipelines.errors import ShardlineError

logger = logging.getLogger(__name__)

CALL = 5.0
"""Seconds that one place has to take one incident."""

SETBACKS = 3
"""After how many places in a row that took nothing the rest is left to later."""


class Subscribers:
    """The places where people have subscribed to incidents.

    Without a Telegram channel there are none: subscriptions are of its chats.
    """

    def __init__(
        self,
        lease: Lease,
        channels: Sequence[Channel],
        notice: Callable[[Incident, bool], Notice],
    ) -> None:
        """Have told nobody yet.

        Args:
            lease: The right to send.
            channels: The configured ones.
            notice: Makes the notice of an incident, silent or not.
        """
        self._lease = lease
        self._telegram = next(
            (one for one in channels if isinstance(one, TelegramChannel)), None
        )
        self._notice = notice
        self._known: dict[str, TelegramChannel] = {}

    def anything_pending(self) -> bool:
        """Whether some incident has changed since the subscribers were told of it.

        Raises:
            ShardlineError: The ETL database cannot be used.
        """
        return self._telegram is not None and bool(
            pending_incidents(self._lease.engine, limit=1)
        )

    def tell(self, end: float, turn: float = math.inf) -> None:
        """Tell them what they have not been told, those first who waited longest.

        Nothing is waited for, and nothing is raised: what is not told now is told by
        the next pass.

        Args:
            end: The moment of `time.monotonic` at which to stop.
            turn: For how many seconds another place is begun with.
        """
        if self._telegram is None:
            return
        try:
            if time.monotonic() < end and self._lease.take():
                self._tell(end, min(end, time.monotonic() + turn))
        except ShardlineError as error:
            logger.info("who has subscribed is told later: %s", error)

    def _tell(self, end: float, until: float) -> None:
        engine = self._lease.engine
        pending = pending_incidents(engine)
        waiting = [
            (place.tried, incident.number, place.name)
            for incident in pending
            for place in places_to_tell(engine, incident, self._configured)
        ]
        setbacks = 0
        for _, number, name in sorted(waiting):
            if time.monotonic() >= until or setbacks == SETBACKS:
                break
            channel = self._channel(name)
            if channel.is_held():  # That is known, and costs no time.
                continue
            is_taken = self._tell_place(channel, number, end)
            setbacks = 0 if is_taken else setbacks + 1
        told = [one for one in pending if not self._is_left(one)]
        forget_told(self._lease, told)

    def _is_left(self, incident: Incident) -> bool:
        engine = self._lease.engine
        return bool(places_to_tell(engine, incident, self._configured, limit=1))

    def _tell_place(self, channel: TelegramChannel, number: int, end: float) -> bool:
        """Tell one place of one incident as both are now; False if it took nothing."""
        engine = self._lease.engine
        for incident in pending_incidents(engine, number):
            for place in places_to_tell(
                engine, incident, self._configured, channel.name
            ):
                return self._deliver(channel, incident, place, end)
        return True

    def _deliver(
        self, channel: TelegramChannel, incident: Incident, place: Place, end: float
    ) -> bool:
        notice = self._notice(incident, incident.is_quiet or place.is_edit(incident))
        before = Receipt(place.receipt) if place.receipt else None
        deadline = min(end, time.monotonic() + CALL)
        try:
            receipt = channel.deliver(notice, before, deadline)
        except ChannelBusyError as error:
            logger.info("for now: %s", error)
            record_tried(self._lease, incident, place, error.receipt, is_told=False)
            return False
        except ChannelRefusedError as error:
            logger.warning("%s", error)
            receipt = None
        except Exception as error:  # noqa: BLE001 - a defect here stops no other place
            logger.warning("%s: %s: %s", place.name, type(error).__name__, error)
            receipt = None
        # One that refuses it is asked again when the incident changes.
        record_tried(self._lease, incident, place, receipt, is_told=True)
        return True

    def _channel(self, name: str) -> TelegramChannel:
        assert self._telegram  # noqa: S101 - nobody is told without it
        if name not in self._known:
            self._known[name] = self._telegram.at(name)
        return self._known[name]

    @property
    def _configured(self) -> list[str]:
        """The places that are told as configured chats already."""
        return self._telegram.places if self._telegram else []
