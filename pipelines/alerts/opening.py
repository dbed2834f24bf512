"""The channels that the configuration names."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from pipelines.alerts.channel import Channel
from pipelines.errors import ConfigurationError


def channels(names: Sequence[str]) -> list[Channel]:
    """The channels with these names, in this order.

    Args:
        names: Each names what makes a channel, as ``package.module:function``.

    Raises:
        ConfigurationError: A name is unknown, or its channel cannot be made.
    """
    return [_channel(name) for name in names]


def _channel(name: str) -> Channel:
    module, colon, function = name.partition(":")
    unknown = ConfigurationError(
        f"[alerts] channels: there is no channel {name!r}",
        step="name what makes it, as package.module:function",
    )
    if not (module and colon and function):
        raise unknown
    try:
        make = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise unknown from error
    channel: Channel = make()
    return channel
