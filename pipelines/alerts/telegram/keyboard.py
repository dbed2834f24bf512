"""The buttons below an incident's message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipelines.alerts.channel import WISH, Action

LONGEST_DATA = 64
"""Most octets of what a button stands for (Bot API, InlineKeyboardButton)."""

IN_A_ROW = 2
"""How many buttons stand side by side: on a phone more would be cut short."""


def pressable(actions: Iterable[Action]) -> tuple[Action, ...]:
    """Those that fit a button; another would have Telegram refuse the whole message."""
    return tuple(one for one in actions if len(_data(one).encode()) <= LONGEST_DATA)


def keyboard(actions: Iterable[Action]) -> dict[str, Any]:
    """The InlineKeyboardMarkup of some actions."""
    buttons = [{"text": one.label, "callback_data": _data(one)} for one in actions]
    begins = range(0, len(buttons), IN_A_ROW)
    return {"inline_keyboard": [buttons[at : at + IN_A_ROW] for at in begins]}


def _data(action: Action) -> str:
    return f"{WISH}:{action.wish}"
