"""Secrets, taken out of a text in whatever form they have got into it.

Drivers and servers repeat a password as they have it: percent-encoded as in a URI,
hexadecimal, in Base64 as it was sent, escaped as in JSON or Python; or its beginning,
where they cut what they tell.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import quote, quote_plus

HIDDEN = "***"

LEAST = 6
"""Fewest characters that are looked for: less would be found in any text."""

_LOGIN_IN_URL = re.compile(r"(?<=://)[^/@\s'\"]+@")
_ENCODED = re.compile("%[0-9A-F]{2}")
_UNICODE = re.compile(r"\\u([0-9a-f]{4})")
_LEFT_ALONE = ("", "/", " +", "!$&'()*+,;=", "!$&'()*+,;=:")
"""What programs do not percent-encode, besides letters, digits and ``-._~``."""

_MARKS = "….'\"`)]} \t\r\n"
"""What follows a text that was cut, such as dots or a quotation mark."""


class Secrets:
    """Secrets that are known, and so can be found in a text."""

    def __init__(self) -> None:
        """Know none."""
        self._known: set[str] = set()
        self._forms: list[str] = []
        self._ends: set[str] = set()

    def add(self, secret: str, user: str = "") -> None:
        """Take a secret out of texts from now on.

        Args:
            secret: As whoever logs in sends it. One that is short is none to look for.
            user: Whose it is: a password that is the user's name is shown as that.
        """
        if len(secret) < LEAST or secret in {user, *self._known}:
            return
        self._known.add(secret)
        forms = {form for form in _forms(secret) if len(form) >= LEAST}
        # The longest goes first: a shorter one may be a part of it.
        self._forms = sorted({*self._forms, *forms}, key=len, reverse=True)
        self._ends.update(
            end for form in forms for end in (form[:LEAST], form[-LEAST:])
        )

    def mask(self, text: str) -> str:
        """The text with three stars for each of them."""
        if not any(end in text for end in self._ends):  # as it is nearly always
            return text
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        for form in self._forms:
            text = _without_end(_without_start(text, form), form)
        return text


@cache
def known_secrets() -> Secrets:
    """Those of this process, and of the children that it forks."""
    return Secrets()


def mask_secrets(text: str) -> str:
    """The text without secrets that are known, nor user and password of any URL."""
    return _LOGIN_IN_URL.sub(f"{HIDDEN}@", known_secrets().mask(text))


def _forms(secret: str) -> Iterator[str]:
    """What a secret may look like in a text."""
    octets = secret.encode("utf-8", "surrogatepass")
    yield from (secret, " ".join(secret.split()))
    yield from (html.escape(secret), html.escape(secret, quote=False))
    yield from _escaped(secret)
    yield repr(octets)[2:-1]
    yield from _percent_encoded(octets)
    for encoding in ("utf-8", "utf-16-le"):
        digits = secret.encode(encoding, "surrogatepass").hex()
        yield from (digits, digits.upper())
    yield from _in_base64(octets)


def _escaped(secret: str) -> Iterator[str]:
    """As in Python and in JSON, whose digits and slashes are written in two ways."""
    yield from (repr(secret)[1:-1], ascii(secret)[1:-1])
    for is_ascii in (True, False):
        form = json.dumps(secret, ensure_ascii=is_ascii)[1:-1]
        capitals = _UNICODE.sub(lambda found: f"\\u{found[1].upper()}", form)
        for one in (form, capitals):
            yield from (one, one.replace("/", r"\/"))


def _percent_encoded(octets: bytes) -> Iterator[str]:
    encoded = [quote(octets, safe=safe) for safe in _LEFT_ALONE]
    encoded += [quote_plus(octets), "".join(f"%{octet:02X}" for octet in octets)]
    for form in encoded:
        yield form
        yield _ENCODED.sub(lambda found: found[0].lower(), form)


def _in_base64(octets: bytes) -> Iterator[str]:
    """The characters that are the secret's alone, wherever in a whole it begins."""
    yield base64.b64encode(octets).decode()
    for before, begin in enumerate((0, 2, 3)):
        whole = base64.b64encode(bytes(before) + octets).decode()
        own = whole[begin : 8 * (before + len(octets)) // 6]
        yield from (own, own.replace("+", "-").replace("/", "_"))


def _without_end(text: str, form: str) -> str:
    """The text without a secret's beginning where it was cut."""
    told = text.rstrip(_MARKS)
    at = told.find(form[:LEAST], max(0, len(told) - len(form) + 1))
    while at >= 0 and not form.startswith(told[at:]):
        at = told.find(form[:LEAST], at + 1)
    return text if at < 0 else f"{text[:at]}{HIDDEN}{text[len(told) :]}"


def _without_start(text: str, form: str) -> str:
    """The text without a secret's end, where what comes before it was cut."""
    marks = len(text) - len(text.lstrip(_MARKS))
    end, ours = marks + len(form) - 1, form[-LEAST:]
    at = text.rfind(ours, marks, end)
    while at >= 0 and not form.endswith(text[marks : at + LEAST]):
        at = text.rfind(ours, marks, at + LEAST - 1)
    return text if at < 0 else f"{text[:marks]}{HIDDEN}{text[at + LEAST :]}"
