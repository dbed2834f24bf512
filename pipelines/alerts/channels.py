"""The channels that the configuration names."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from pipelines.alerts.channel import Channel
from pipelines.alerts.mail_channel import MailChannel
from pipelines.alerts.telegram.channel import TelegramChannel
from pipelines.alerts.telegram.rate_limits import Limits
from pipelines.config import MAIL_CONNECTION, TELEGRAM_CONNECTION, Connections
from pipelines.errors import ConfigurationError


def open_channels(
    names: Sequence[str], connections: Connections, limits: Limits | None = None
) -> list[Channel]:
    """The channels with these names, in this order.

    Args:
        names: ``telegram`` and ``mail`` are the connections of these names. Any other
            one names what makes a channel, as ``package.module:function``.
        connections: Where the first two are.
        limits: How fast Telegram is written to, if somebody else does so too.

    Raises:
        ConfigurationError: A name is unknown, or its connection is missing or wrong.
    """
    return [_channel(name, connections, limits) for name in names]


def _channel(name: str, connections: Connections, limits: Limits | None) -> Channel:
    match name:
        case "telegram":
            if bot := connections.telegram:
                return TelegramChannel(bot, limits)
            raise _missing(TELEGRAM_CONNECTION)
        case "mail":
            if servers := connections.mail:
                return MailChannel(servers)
            raise _missing(MAIL_CONNECTION)
        case _:
            return _made(name)


def _missing(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"[alerts] channels: there is no connection {name!r}",
        step="name it in [connections]: see docs/connections.md",
    )


def _made(name: str) -> Channel:
    module, colon, function = name.partition(":")
    unknown = ConfigurationError(
        f"[alerts] channels: there is no channel {name!r}",
        step="write telegram, mail, or what makes one, as package.module:function",
    )
    if not (module and colon and function):
        raise unknown
    try:
        make = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise unknown from error
    channel: Channel = make()
    return channel
