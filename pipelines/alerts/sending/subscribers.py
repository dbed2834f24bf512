"""The chats that have subscribed to incidents, each as a channel of its own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from pipelines.alerts.channel import Channel
from pipelines.alerts.incidents import Incident
from pipelines.alerts.subscriptions import places_of_incident
from pipelines.alerts.telegram.channel import TelegramChannel


class Subscribers:
    """Finds the channels of those that an incident concerns.

    Without a Telegram channel there are none: subscriptions are of its chats.
    """

    def __init__(self, engine: Engine, channels: Sequence[Channel]) -> None:
        """Keep where to look.

        Args:
            engine: The ETL database.
            channels: The configured ones.
        """
        self._engine = engine
        self._telegram = next(
            (one for one in channels if isinstance(one, TelegramChannel)), None
        )
        self._known: dict[str, Channel | None] = {}

    def of(self, incident: Incident) -> list[Channel]:
        """The channels that an incident is told by besides the configured ones.

        Of one that is over, or muted, only those that have shown it.

        Raises:
            ShardlineError: The ETL database cannot be used.
        """
        if self._telegram is None:
            return []
        found = []
        for place in places_of_incident(self._engine, incident.number):
            if place not in self._known:
                self._known[place] = self._telegram.at(place)
            if channel := self._known[place]:
                found.append(channel)
        if incident.closed or incident.muted:
            return [channel for channel in found if channel.name in incident.receipts]
        return found
