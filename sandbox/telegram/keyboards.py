"""The buttons under a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.links import checked_link

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.telegram.parameters import Parameters

LONGEST_DATA = 64  # octets

_MOST_BUTTONS = 100
_STYLES = ("", "danger", "success", "primary")
_KNOWN = {"text", "callback_data", "url", "copy_text", "style"}


@dataclass(frozen=True)
class Button:
    """One button.

    Attributes:
        text: What stands on it.
        data: What the bot is told when it is pressed.
        url: What it opens.
        copies: What it copies.
        style: `danger`, `success`, `primary`, or `""` for a plain one.
    """

    text: str
    data: str = ""
    url: str = ""
    copies: str = ""
    style: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the Bot API's InlineKeyboardButton."""
        told: dict[str, Any] = {"text": self.text}
        if self.data:
            told["callback_data"] = self.data
        if self.url:
            told["url"] = self.url
        if self.copies:
            told["copy_text"] = {"text": self.copies}
        if self.style:
            told["style"] = self.style
        return told


Keyboard = tuple[tuple[Button, ...], ...]


def read_keyboard(call: Parameters) -> Keyboard:
    """Return the rows of buttons in `reply_markup`, none if it did not come.

    Raises:
        ApiError: 400, they are none that Telegram takes or the sandbox has.
    """
    told = _markup(call)
    for name in sorted(told.keys() - {"inline_keyboard"}):
        raise bad_request(f"the sandbox's reply_markup has no field {name}")
    rows = told.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("the sandbox takes an inline_keyboard as a list of lists")
    keyboard = tuple(tuple(map(_button, row)) for row in rows if row)
    if sum(map(len, keyboard)) > _MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    return keyboard


def as_markup(keyboard: Keyboard) -> dict[str, Any]:
    """Return the Bot API's InlineKeyboardMarkup."""
    return {"inline_keyboard": [[one.as_json() for one in row] for row in keyboard]}


def from_fields(rows: list[list[dict[str, str]]]) -> Keyboard:
    """Make a keyboard of what `asdict` made of one."""
    return tuple(tuple(Button(**one) for one in row) for row in rows)


def _markup(call: Parameters) -> Mapping[str, Any]:
    if not call.text("reply_markup"):
        return {}
    told = call.json("reply_markup")
    if not isinstance(told, dict):
        raise bad_request("object expected as reply markup")
    return told


def _button(told: Any) -> Button:  # noqa: ANN401 - JSON
    if not isinstance(told, dict):
        raise bad_request("can't parse inline keyboard button: expected an Object")
    for name in sorted(told.keys() - _KNOWN):
        raise bad_request(f"the sandbox's inline keyboard button has no field {name}")
    text, style = told.get("text"), told.get("style", "")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("the sandbox takes no inline keyboard button without a text")
    if style not in _STYLES:
        raise bad_request(f"the sandbox has no button of the style {style}")
    does = told.keys() & {"callback_data", "url", "copy_text"}
    if not does:
        raise bad_request(
            "can't parse inline keyboard button:"
            " Text buttons are unallowed in the inline keyboard"
        )
    if len(does) > 1:
        raise bad_request("the sandbox takes one action of an inline keyboard button")
    return Button(text, _data(told), _url(told), _copies(told), style)


def _data(told: Mapping[str, Any]) -> str:
    data = told.get("callback_data")
    if data is None:
        return ""
    if not isinstance(data, str) or not 0 < len(data.encode()) <= LONGEST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    return data


def _url(told: Mapping[str, Any]) -> str:
    url = told.get("url")
    if url is None:
        return ""
    link = checked_link(str(url))
    if not link:
        raise bad_request(
            f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"
        )
    return link


def _copies(told: Mapping[str, Any]) -> str:
    copied = told.get("copy_text")
    if copied is None:
        return ""
    text = copied.get("text") if isinstance(copied, dict) else None
    if not isinstance(text, str) or not text:
        raise bad_request("the sandbox takes no button that copies nothing")
    return text
