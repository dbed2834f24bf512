"""A mail as a page that a browser opens by itself."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import EmailMessage

_PLAIN = """\
<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title></head>
<body><pre>{text}</pre></body></html>
"""


def page(mail: EmailMessage) -> str:
    """Write a mail as HTML, each picture in it as a data: URI (RFC 2397)."""
    body = mail.get_body(("html",))
    if body is None:
        return _PLAIN.format(
            title=html.escape(str(mail["Subject"])), text=html.escape(plain(mail))
        )
    text = str(body.get_content())
    for part in mail.walk():
        if part["Content-ID"]:
            cid = str(part["Content-ID"]).strip().strip("<>")
            encoded = base64.b64encode(part.get_content()).decode()
            uri = f"data:{part.get_content_type()};base64,{encoded}"
            text = text.replace(f"cid:{cid}", uri)
    return text


def plain(mail: EmailMessage) -> str:
    """Return a mail's plain text, "" without one."""
    body = mail.get_body(("plain",))
    return "" if body is None else str(body.get_content())
