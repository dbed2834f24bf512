"""The bot sends the alerts itself while it lives: the limits are those of its token.

In a thread, since whatever it does waits: for the ETL database, the warehouse, a
channel. None of that holds up the bot, and nothing that becomes of it ends the bot.
"""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Engine

from pipelines.alerts import Limits, Sender, open_channels
from pipelines.bot.incident_actions import incident_actions
from pipelines.config import Settings
from pipelines.errors import ShardlineError

logger = logging.getLogger(__name__)

KEEP_UP = 30.0
"""Seconds between two looks at the incidents where no channel shows them."""

AGAIN = 30.0
"""Seconds until what did not begin, or broke, is tried again."""

STOP = 10.0
"""Most seconds that the bot waits at its end for a delivery that has begun."""


class AlertSender:
    """The one sender of alerts for as long as the bot lives."""

    def __init__(self, settings: Settings, engine: Engine, limits: Limits) -> None:
        """Prepare to send.

        Args:
            settings: All options.
            engine: The ETL database.
            limits: Of all that the bot sends.
        """
        self._settings, self._engine, self._limits = settings, engine, limits
        self._ended = threading.Event()
        self._sender: Sender | None = None
        self._thread = threading.Thread(
            target=self._send, name="alert sender", daemon=True
        )

    def start(self) -> None:
        """Send from now on, as soon as no other sender has the lease."""
        self._thread.start()

    def stop(self, seconds: float = STOP) -> None:
        """Send no more, and leave the lease to others.

        Args:
            seconds: How long to wait for a delivery that has begun. One that takes
                longer is sent again by another sender, under the same number.
        """
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        if self._sender:
            try:
                self._sender.lease.leave()
            except ShardlineError as error:
                logger.info(
                    "the lease of the sender of alerts ends by itself: %s", error
                )

    def _send(self) -> None:
        while not self._ended.is_set():
            try:
                self._send_until_stopped()
            except ShardlineError as error:
                logger.warning("alerts wait: %s", error)
            except Exception:
                logger.exception("alerts wait")
            self._ended.wait(AGAIN)

    def _send_until_stopped(self) -> None:
        options = self._settings
        channels = open_channels(
            options.alerts.channels, options.connections, self._limits
        )
        self._sender = sender = Sender(
            options,
            self._engine,
            channels,
            stays=bool(channels),
            actions=incident_actions,
        )
        if channels:
            sender.follow(self._ended)
        while not self._ended.is_set():
            sender.keep_up()
            self._ended.wait(KEEP_UP)
