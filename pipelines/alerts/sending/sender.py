"""Sends what is in the outbox: groups it, shows it, and tells when it is over.

Whatever the sender has done is written down in the step after, so it may be killed
between any two: the next one does that step again. A message that is sent twice so
carries the same number.
"""

from __future__ import annotations

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

from sqlalchemy import Engine

from pipelines.alerts import grouping, handling, lateness
from pipelines.alerts.channel import (
    Action,
    Channel,
    ChannelBusyError,
    ChannelRefusedError,
    Notice,
    Receipt,
    can_edit,
)
from pipelines.alerts.incidents import Incident, incident_extent
from pipelines.alerts.notices import SHARDS_NAMED, incident_notice
from pipelines.alerts.recovery import Recovery
from pipelines.alerts.sender_lease import Lease, LeaseLostError
from pipelines.alerts.sending import deliveries
from pipelines.alerts.sending.subscribers import Subscribers
from pipelines.config import Settings
from pipelines.errors import ShardlineError

logger = logging.getLogger(__name__)

POLL = 2.0
"""Seconds between two looks into the outbox."""

CHECK = 30.0
"""Seconds between two looks at the markers, if nothing is to be shown before."""

LATE = 60.0
"""Seconds between two looks at what is late."""

LEASE_POLL = 0.5
"""Seconds between two looks at another sender's lease."""

REFUSED = 600.0
"""Seconds that a channel is left alone after it has refused a message."""

FAILED = 30.0
"""Seconds that a channel is left alone after it has not taken one in time."""

MUTED = 3.0
"""Seconds that a channel has to tell of an incident that it is muted."""

PARTING = 5.0
"""Seconds that a sender which had the lease has for what it was left to at its end."""

WITHOUT_EDITS = 900.0
"""Seconds between two messages of one incident on a channel that is not the first."""


@dataclass(frozen=True)
class Pause:
    """Until when a channel is left alone.

    Attributes:
        until: A moment of `time.monotonic`.
        busy: Whether the channel itself said so, and will take something then.
    """

    until: float = -math.inf
    busy: bool = False


class Sender:
    """Shows incidents on the first channel that takes them, then to who subscribed.

    Attributes:
        lease: What it must hold to send.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        channels: Sequence[Channel],
        lease_seconds: float | None = None,
        *,
        stays: bool = False,
        actions: Callable[[Incident], Sequence[Action]] = lambda _: (),
    ) -> None:
        """Prepare to send.

        Args:
            settings: All options.
            engine: The ETL database.
            channels: In the order in which they are tried.
            lease_seconds: How long other senders wait for this one if it dies; by
                default, as long as a delivery may take, and some more.
            stays: Whether it has the lease for as long as it follows, so that others
                leave to it what there is.
            actions: What people can do about an incident by its message: nothing where
                nobody would hear of a pressed button.
        """
        self._settings = settings
        self._engine = engine
        self._channels = channels
        self._deadline = settings.alerts.deadline
        self._stays, self._actions = stays, actions
        self.lease = Lease(engine, lease_seconds or self._deadline + 30, stays=stays)
        self._subscribers = Subscribers(
            self.lease,
            channels,
            lambda incident, silent: self._notice(incident, silent=silent),
        )
        self._busy: dict[str, str] = {}  # what each channel said last, if it was busy
        self._pauses: defaultdict[str, Pause] = defaultdict(Pause)
        self._first_tried: dict[int, float] = {}
        self._again = math.inf
        self._checked = -math.inf
        self._looked = -math.inf
        self._ended = Event()

    def send(self, *, last: bool = False, end: float = math.inf) -> bool:
        """Group what is new, end what is mended, and show what has changed.

        The markers are looked at before anything is shown.

        Args:
            last: Whether nobody comes after this; then no message is put off, and the
                markers are looked at in any case.
            end: The moment of `time.monotonic` at which to stop.

        Returns:
            Whether nothing is left to be told.

        Raises:
            LeaseLostError: The lease was not ours, or is not any more.
            ShardlineError: The ETL database cannot be used.
        """
        self._again = math.inf
        recovery = Recovery(self.lease, self._settings)
        grouping.group_alerts(self.lease, recovery.mended)
        changed = deliveries.undelivered(self._engine)
        if last or self._is_check_due() or any(map(self._may_show, changed)):
            self._checked = time.monotonic()
            recovery.close_recovered()
            handling.end_mutes(self.lease)
            deliveries.delete_old_alerts(self.lease)
            changed = deliveries.undelivered(self._engine)
        if recovery.unknown:
            logger.info("whether incidents are over is not known: %s", recovery.unknown)
        done = [self._show(incident, last=last, end=end) for incident in changed]
        return all(done)

    def drain(self, end: float = math.inf) -> bool:
        """Send until nothing is left that any channel may still take.

        Args:
            end: The moment of `time.monotonic` at which to stop at the latest.

        Returns:
            Whether nothing is left.

        Raises:
            LeaseLostError: Another sender is at work, and has not told all by then, or
                has seen to all and stays: what is left is its to send.
            ShardlineError: The ETL database cannot be used.
        """
        kept_until = self.lease.kept_until()
        while not self.lease.take():
            if not deliveries.anything_undelivered(self._engine):
                return True
            if time.monotonic() >= end or self._is_left_to_other(kept_until):
                raise LeaseLostError("another sender of alerts is at work")
            time.sleep(LEASE_POLL)
        try:
            is_done = self._send_until(end)
            self._subscribers.tell(min(end, time.monotonic() + self._deadline))
        finally:
            self.lease.release()
        return is_done

    def keep_up(self) -> None:
        """Do what a sender without channels does, unless another sender is at work.

        Raises:
            ShardlineError: The ETL database cannot be used.
        """
        if self.lease.take():
            try:
                self.send(last=True)
            finally:
                self.lease.release()

    def _is_left_to_other(self, kept_until: datetime | None) -> bool:
        """Whether a sender that stays has made all failures parts of incidents.

        Args:
            kept_until: Until when it had the lease before. One that has not renewed it
                since may be dead; nobody would hear of what was left to it.
        """
        now = self.lease.kept_until()
        is_alive = now is not None and now != kept_until
        return is_alive and not deliveries.anything_new(self._engine)

    def _send_until(self, end: float) -> bool:
        """Send until nothing is left that is worth waiting for; whether nothing is."""
        while not self.send(last=True, end=end):
            if self._again == math.inf:
                self._say_what_is_left()
                return False
            time.sleep(max(0, self._again - time.monotonic()))
        return True

    def follow(self, ended: Event) -> None:
        """Send as failures come, until `ended` is set; what breaks is tried again.

        No other delivery is begun then. One that stays has the lease until its end,
        as soon as no other sender has it.
        """
        said = ""
        self._ended = ended
        while not ended.wait(POLL):
            try:
                if not self._stays or self.lease.take():
                    self._send_what_has_come()
                said = ""
            except ShardlineError as error:
                if str(error) != said:
                    said = str(error)
                    logger.warning("alerts wait: %s", said)
        self._ended = Event()
        if self._stays:
            self._part()

    def _send_what_has_come(self) -> None:
        self._note_what_is_late()
        if self._has_work() and self.lease.take():
            self.send()
            self._subscribers.tell(math.inf, POLL)

    def _part(self) -> None:
        """Send what others have just left to this one, and leave the lease to them."""
        try:
            if self.lease.take():
                self.send(end=time.monotonic() + PARTING)
        except ShardlineError as error:
            logger.warning("alerts wait: %s", error)
        finally:
            with suppress(ShardlineError):  # It ends by itself.
                self.lease.release()

    def _say_what_is_left(self) -> None:
        """Tell why something is not sent, but for what was told when it happened."""
        for fault in self._busy.values():
            logger.warning(
                "not sent: %s; what is not sent stays in the outbox, see"
                " `shardline incidents list`",
                fault,
            )

    def _note_what_is_late(self) -> None:
        now = time.monotonic()
        if not self._settings.deadlines or now < self._looked + LATE:
            return
        self._looked = now
        try:
            found = lateness.find_late_days(self._settings)
        except ShardlineError as error:
            # What failed is told all the same: this may be one of its causes.
            logger.info("whether days are late is not known: %s", error)
        else:
            lateness.record_late_days(self._engine, self._settings, found)

    def _has_work(self) -> bool:
        return (
            deliveries.anything_undelivered(self._engine)
            or deliveries.anything_open(self._engine)
            or self._subscribers.anything_pending()
        )

    def _is_check_due(self) -> bool:
        return time.monotonic() >= self._checked + CHECK

    def _may_show(self, incident: Incident) -> bool:
        """Whether an incident is shown now, if a channel takes it."""
        now = time.monotonic()
        free = any(now >= self._pauses[one.name].until for one in self._channels)
        return free and self._is_time(incident)

    def _show(self, incident: Incident, *, last: bool, end: float) -> bool:
        """Show an incident as it is; whether that is done."""
        if time.monotonic() >= end or not (last or self._is_time(incident)):
            return False
        # Somebody may have muted or closed it while others were shown.
        latest = deliveries.undelivered(self._engine, incident.number)
        return all(self._show_now(one, end) for one in latest)

    def _show_now(self, incident: Incident, end: float) -> bool:
        if incident.is_mute_over:  # since this pass began; the next one ends it
            self._again = min(self._again, time.monotonic())
            return False
        if not incident.closed and (
            incident.muted or incident.is_changed_by_people_only
        ):
            return self._edit(incident, end)
        notice = self._notice(incident, silent=incident.is_quiet)
        receipts = self._deliver(notice, incident, end)
        if not receipts:
            return False
        deliveries.record_delivered(self.lease, incident, receipts)
        self._first_tried.pop(incident.number, None)
        return True

    def _edit(self, incident: Incident, end: float) -> bool:
        """Bring up to date what is shown already, where nobody is woken by that.

        Nothing waits for one that is muted, nor is it told that it is left.
        """
        ways = [
            channel
            for channel in self._channels
            if channel.name in incident.receipts and can_edit(channel)
        ]
        notice = self._notice(incident, silent=True)
        till = min(end, time.monotonic() + MUTED) if incident.muted else end
        receipts = {}
        for channel in ways:
            if receipt := self._try(channel, notice, incident, till):
                receipts[channel.name] = receipt
            elif not incident.muted:
                self._is_tried_again(channel, end)
        if len(receipts) < len(ways):
            deliveries.keep_receipts(self.lease, incident, receipts)
            return incident.muted
        if ways:
            deliveries.record_delivered(self.lease, incident, receipts)
        else:
            deliveries.pass_over_handling(self.lease, incident)
        return True

    def _is_tried_again(self, channel: Channel, end: float) -> bool:
        """Whether a channel that took nothing may do so before a moment; noted then."""
        pause = self._pauses[channel.name]
        if not pause.busy or pause.until >= end:
            return False
        self._again = min(self._again, pause.until)
        return True

    def _notice(self, incident: Incident, *, silent: bool) -> Notice:
        extent = incident_extent(self._engine, incident.number, SHARDS_NAMED)
        shards = len(self._settings.catalog.shards)
        actions = () if incident.closed else self._actions(incident)
        return incident_notice(incident, extent, shards, silent=silent, actions=actions)

    def _is_time(self, incident: Incident) -> bool:
        """Whether the last message of an incident may be changed already."""
        if incident.shown is None or not incident.shown_partitions or incident.closed:
            return True  # It is new, or to be shown anew, or over.
        edited = self._channels and self._channels[0].name in incident.receipts
        pause = self._settings.alerts.throttle if edited else WITHOUT_EDITS
        return (datetime.now(UTC) - incident.shown).total_seconds() >= pause

    def _deliver(
        self, notice: Notice, incident: Incident, end: float
    ) -> dict[str, Receipt]:
        """Show a notice on the first channel that takes it; its receipt.

        The end of an incident is told by every channel that has shown it; by another
        one only if none of them takes it.
        """
        shown_by = incident.receipts if notice.recovered else {}
        ways = sorted(self._channels, key=lambda one: one.name not in shown_by)
        since = self._first_tried.setdefault(incident.number, time.monotonic())
        receipts: dict[str, Receipt] = {}
        for channel in ways:
            if receipts and channel.name not in shown_by:
                break
            if receipt := self._try(channel, notice, incident, end):
                receipts[channel.name] = receipt
                continue
            patience = end if channel is ways[-1] else min(end, since + self._deadline)
            if self._is_tried_again(channel, patience):
                break
        return receipts

    def _try(
        self, channel: Channel, notice: Notice, incident: Incident, end: float
    ) -> Receipt | None:
        """Have a channel show a notice; None if it does not, and is left alone then."""
        if self._ended.is_set() or time.monotonic() < self._pauses[channel.name].until:
            return None
        if not self.lease.take():
            raise LeaseLostError("another sender of alerts has taken over")
        self._busy.pop(channel.name, None)
        before = incident.receipts.get(channel.name)
        deadline = min(end, time.monotonic() + self._deadline)
        try:
            return channel.deliver(notice, before, deadline)
        except ChannelBusyError as error:
            self._busy[channel.name] = _describe(channel, error)
            logger.info("for now: %s", _describe(channel, error))
            if error.receipt:
                # Kept with the incident, too, as whatever is written of it next.
                incident.receipts[channel.name] = error.receipt
                deliveries.keep_receipts(self.lease, incident, {})
            pause = Pause(time.monotonic() + error.retry_after, busy=True)
        except ChannelRefusedError as error:
            logger.warning("%s", _describe(channel, error))
            pause = Pause(time.monotonic() + REFUSED)
        except Exception as error:  # noqa: BLE001 - a channel's defect stops no other
            logger.warning("%s: %s: %s", channel.name, type(error).__name__, error)
            pause = Pause(time.monotonic() + FAILED)
        self._pauses[channel.name] = pause
        return None


def _describe(channel: Channel, error: ShardlineError) -> str:
    """An error that names its channel, if only by its own name."""
    return str(error) if error.where else f"{channel.name}: {error}"
