"""The grammar of a connection's URI, whatever its parts mean.

``SCHEME://[USER[:PASSWORD]@]PLACE[,PLACE…][/PATH][?NAME=VALUE[&NAME=VALUE…]]`` is RFC
3986's, with several places. Parts are percent-decoded after they have been told apart.
No error repeats any of the text: where a ``/`` of a password was not encoded, a piece
of it stands where a host, a port or an option is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from pydantic import SecretStr

ENCODE = "in user and password all but letters, digits and -._~ is percent-encoded"

_PORTS = range(1, 65_536)
_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:]+))(?::(\d+))?")
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


class UriError(ValueError):
    """What is wrong with a URI, with nothing of its text."""


@dataclass(frozen=True)
class Uri:
    """A URI's parts.

    Attributes:
        places: What is between the login and the path, not decoded.
        path: What follows the first slash, "" if nothing does.
        written: Its password as it is written, not decoded.
    """

    scheme: str
    user: str | None
    password: SecretStr | None
    places: tuple[str, ...]
    path: str
    options: Mapping[str, str]
    written: SecretStr | None = None

    def hosts(self, port: int) -> list[tuple[str, int]]:
        """Its places as hosts and ports.

        Args:
            port: That of a place without one.

        Raises:
            UriError: One is no host.
        """
        return [_host(place, port) for place in self.places]

    def only(self, *known: str) -> Mapping[str, str]:
        """Its options.

        Raises:
            UriError: One is not among those known.
        """
        if set(self.options) - set(known):
            raise UriError(
                f"an option of it is unknown: there are {', '.join(known)}; {ENCODE}"
            )
        return self.options


def parse_uri(text: str) -> Uri:
    """Tell a URI's parts apart.

    Raises:
        UriError: It is not one.
    """
    if any(c.isspace() or not c.isprintable() for c in text):
        raise UriError("it holds a blank or a control character: percent-encode it")
    if "#" in text:
        raise UriError("it holds a #, which is written %23")
    scheme, separator, rest = text.partition("://")
    if not separator or not re.fullmatch("[a-z]+", scheme):
        raise UriError("it is no URI such as vertica://USER:PASSWORD@HOST/DATABASE")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    if "@" in path:
        raise UriError(f"an @ follows its path; {ENCODE}")
    login, at, places = authority.partition("@")
    user, colon, password = login.partition(":")
    return Uri(
        scheme,
        decode_uri_text(user) if at and user else None,
        SecretStr(decode_uri_text(password)) if at and colon else None,
        tuple((places if at else authority).split(",")),
        decode_uri_text(path),
        _options(query),
        SecretStr(password) if at and colon else None,
    )


def decode_uri_text(text: str) -> str:
    """Text of a URI, percent-decoded as UTF-8.

    Raises:
        UriError: What follows a % is not two hexadecimal digits, or not UTF-8.
    """
    if _STRAY_PERCENT.search(text):
        raise UriError("a % without two hexadecimal digits: a literal one is %25")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UriError("what is percent-encoded in it is not UTF-8") from None


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in query.split("&") if query else []:
        name, separator, value = pair.partition("=")
        if not separator:
            raise UriError(f"an option without a value follows its ?; {ENCODE}")
        if decode_uri_text(name) in options:
            raise UriError("it has an option twice")
        options[decode_uri_text(name)] = decode_uri_text(value)
    return options


def _host(place: str, default_port: int) -> tuple[str, int]:
    found = _HOST.fullmatch(place)
    if not found or "@" in place:
        raise UriError(
            "what follows the login is not HOST, HOST:PORT or [IPV6]:PORT, with commas"
            f" between several; {ENCODE}"
        )
    port = int(found[3][:6]) if found[3] else default_port
    if port not in _PORTS:
        raise UriError("a port is not from 1 to 65535")
    return decode_uri_text(found["ipv6"] or found["name"]), port
