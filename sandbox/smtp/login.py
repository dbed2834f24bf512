"""AUTH PLAIN and LOGIN (RFC 4616 and the draft that everybody follows)."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Ask = Callable[[str], str]

MECHANISMS = ("PLAIN", "LOGIN")
_ASK_NOTHING = ""
_ASK_USER = base64.b64encode(b"Username:").decode()
_ASK_PASSWORD = base64.b64encode(b"Password:").decode()
_PLAIN_FIELDS = 3


class LoginError(Exception):
    """What a client answered is not what the mechanism has, or it gave up."""


def read_login(mechanism: str, first: str, ask: Ask) -> tuple[str, str]:
    """Carry the dialogue of a mechanism, and return a user name and a password.

    Args:
        mechanism: One of `MECHANISMS`.
        first: What came with the command, `""` for nothing.
        ask: Sends a challenge in base64, and returns the answer in base64.

    Raises:
        LoginError: An answer is malformed, or `*`.
    """
    if mechanism == "PLAIN":
        fields = _decoded(first or ask(_ASK_NOTHING)).split("\0")
        if len(fields) != _PLAIN_FIELDS:
            raise LoginError
        return fields[1], fields[2]
    user = _decoded(first or ask(_ASK_USER))
    return user, _decoded(ask(_ASK_PASSWORD))


def is_known(logins: Mapping[str, str], user: str, password: str) -> bool:
    """Tell whether a user name and password are right."""
    known = logins.get(user)
    return known is not None and hmac.compare_digest(
        known.encode(), password.encode("utf-8", "surrogatepass")
    )


def _decoded(answer: str) -> str:
    try:
        return base64.b64decode(answer, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise LoginError from None
