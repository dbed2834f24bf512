"""Calls of the Bot API that write to a chat, as fast as its limits allow."""

from __future__ import annotations

from typing import Any

from pipelines.alerts.bot_api import BotApi, FloodError
from pipelines.alerts.channel import ChannelBusyError
from pipelines.alerts.limits import Limits

FLOOD_MARGIN = 0.1
"""Seconds that are waited longer than Telegram asks for."""


class Writer:
    """One bot, writing; for one caller at a time."""

    def __init__(self, api: BotApi, limits: Limits) -> None:
        """Keep both; nothing is written yet."""
        self._api = api
        self._limits = limits

    def free_at(self, chat: str) -> float:
        """When a chat may be written to."""
        return self._limits.free_at(chat)

    def write(
        self,
        method: str,
        chat: str,
        parameters: dict[str, Any],
        deadline: float,
        document: tuple[str, bytes] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON of each method's own shape
        """Call a method that writes, as fast as a configured chat's limits allow.

        Raises:
            ChannelBusyError: There is no time left for it, or it failed.
        """
        while True:
            self._limits.wait(chat, deadline)
            try:
                result = self._api.call(
                    method, parameters, self._limits.left(deadline), document
                )
            except FloodError as error:
                self._limits.hold(chat, error.seconds + FLOOD_MARGIN)
            except ChannelBusyError as error:
                error.retry_after = self._limits.back_off()
                raise
            else:
                self._limits.is_well()
                return result
            finally:
                self._limits.count(chat)
