"""Finds a connection's URIs by its name, and tells what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from pydantic import SecretStr

from pipelines.config.connection_uris import Uri, UriError, parse_uri
from pipelines.config.lookup import Lookup
from pipelines.errors import ConfigurationError
from pipelines.text import known_secrets

T = TypeVar("T")

CONNECTIONS = Lookup("SHARDLINE_CONNECTION_", "", "connections")

KINDS = {
    "mssql": "mssql",
    "vertica": "vertica",
    "smtp": "smtp",
    "smtps": "smtp",
    "telegram": "telegram",
}
"""What a connection with a URI of some scheme is."""

PORTS = {"mssql": 1433, "vertica": 5433}

OPTIONS = {
    "mssql": (
        "encryption",
        "trust_server_certificate",
        "tls_cafile",
        "packet_octets",
        "login_timeout",
        "lock_timeout",
        "timeout",
        "transfer_timeout",
    ),
    "vertica": (
        "tlsmode",
        "tls_cafile",
        "tls_certfile",
        "tls_keyfile",
        "login_timeout",
        "lock_timeout",
        "connection_timeout",
        "transfer_timeout",
    ),
}


@dataclass(frozen=True)
class NamedConnection:
    """A connection that some place names.

    Attributes:
        place: Where its URIs are from.
        shadowed: The other places that have one, and are not read.
        uris: To be tried in turn; all are of one kind.
    """

    name: str
    place: str
    shadowed: tuple[str, ...]
    kind: str
    uris: tuple[Uri, ...]

    @property
    def label(self) -> str:
        """Its name and its place, for a line that tells what is wrong."""
        return f"connection {self.name} ({self.place})"

    def each(self, read: Callable[[Uri], list[T]]) -> list[T]:
        """What is read from each of its URIs, in their order.

        Raises:
            ConfigurationError: One is wrong.
        """
        with _named_in_faults(self.label):
            return [part for uri in self.uris for part in read(uri)]


def find_connection(name: str, kind: str = "") -> NamedConnection | None:
    """The connection of that name; None if no place has one.

    Args:
        name: Its name.
        kind: What it must be, one of `KINDS`; "" for anything.

    Raises:
        ConfigurationError: It cannot be read, or is not of that kind.
    """
    places = CONNECTIONS.places(name)
    if not places:
        return None
    label = f"connection {name} ({places[0].label})"
    with _named_in_faults(label):
        lines = places[0].read().split("\n")
        uris = tuple(parse_uri(line.strip()) for line in lines if line.strip())
        _remember_secrets(uris)
        found = {KINDS.get(uri.scheme, "") for uri in uris}
        if not uris:
            raise UriError("it is empty")
        if "" in found:
            raise UriError(f"its scheme is unknown: there are {', '.join(KINDS)}")
        if len(found) > 1:
            raise UriError("its URIs are of different kinds")
        if found == {"telegram"} and len(uris) > 1:
            raise UriError("it is one URI, with commas between several chats")
        if kind and found != {kind}:
            raise UriError(f"it is not a {kind}:// connection")
    shadowed = tuple(place.label for place in places[1:])
    return NamedConnection(name, places[0].label, shadowed, found.pop(), uris)


def login_options(uri: Uri) -> list[dict[str, str | int | SecretStr]]:
    """The options of `sections.Server` or `sections.Warehouse` that a URI gives.

    Returns:
        For each host: host and port, and what else the URI has.

    Raises:
        UriError: It has a part that such a URI does not.
    """
    given: dict[str, str | int | SecretStr] = {**uri.only(*OPTIONS[uri.scheme])}
    if uri.scheme == "mssql" and uri.path:
        raise UriError("a path follows its host: the shards file names the databases")
    if uri.scheme == "mssql" and any("[" in place for place in uri.places):
        raise UriError("the driver takes no IPv6 address: give a host name")
    if "/" in uri.path:
        raise UriError("more than the database follows its host")
    if uri.path:
        given["database"] = uri.path
    if uri.user is not None:
        given["user"] = uri.user
    if uri.password is not None:
        given["password"] = uri.password
    hosts = uri.hosts(PORTS[uri.scheme])
    return [{**given, "host": host, "port": port} for host, port in hosts]


def _remember_secrets(uris: Iterable[Uri]) -> None:
    """Have no text show the passwords, decoded or as they are written.

    What a bot has for one is the token with the user, and known when that is read.
    """
    for uri in uris:
        if KINDS.get(uri.scheme) != "telegram":
            for password in filter(None, (uri.password, uri.written)):
                known_secrets().add(password.get_secret_value(), uri.user or "")


@contextmanager
def _named_in_faults(where: str) -> Iterator[None]:
    try:
        yield
    except UriError as error:
        raise ConfigurationError(
            f"{where}: {error}",
            step="docs/connections.md has the forms",
        ) from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error.cause}", step=error.step) from None
