"""Which links Telegram makes of what stands in markup, and which it drops."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit, urlunsplit

from sandbox.telegram.entities import MarkupError

_USER = re.compile(r"tg:(?://)?user/?\?id=([1-9]\d*)", re.IGNORECASE)
_HOST = re.compile(r"[^\s/?#@:]+\.[^\s/?#@:.]+\.?")
_EMOJI_ID = re.compile(r"[1-9]\d*")


def mentioned_user(url: str) -> int:
    """Return the id in a `tg://user?id=…` link, 0 if it is another link."""
    found = _USER.fullmatch(url)
    return int(found[1]) if found else 0


def checked_link(url: str) -> str:
    """Return a link as a message holds it, `""` for one that Telegram drops silently.

    HTTP without a scheme is assumed, and a host needs a dot: a link to `localhost` or
    to a container by its name is shown as mere text.
    """
    url = url.strip()
    if url.lower().startswith(("tg:", "ton:", "tonsite:")):
        return url
    try:
        parts = urlsplit(
            url if re.match(r"[a-z]+://", url, re.IGNORECASE) else f"http://{url}"
        )
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        return ""
    place = f"{host}:{port}" if port else host
    if "@" in parts.netloc:
        place = f"{parts.netloc.rpartition('@')[0]}@{place}"
    return urlunsplit(
        (parts.scheme, place, parts.path or "/", parts.query, parts.fragment)
    )


def custom_emoji(url: str) -> str:
    """Return the id in a `tg://emoji?id=…` link.

    Raises:
        MarkupError: It is no such link.
    """
    parts = urlsplit(url)
    if parts.scheme != "tg":
        raise MarkupError("Custom emoji URL must have scheme tg")
    if (parts.netloc or parts.path).strip("/").lower() != "emoji":
        raise MarkupError('Custom emoji URL must have host "emoji"')
    (found,) = parse_qs(parts.query).get("id", [""])[:1]
    if not found:
        raise MarkupError("Custom emoji URL must have an emoji identifier")
    if not _EMOJI_ID.fullmatch(found):
        raise MarkupError("Invalid custom emoji identifier specified")
    return found
