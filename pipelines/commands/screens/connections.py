"""The list of all connections: what each is, and where it is from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from pydantic import SecretStr, ValidationError

from pipelines.catalog import describe_faults
from pipelines.commands.screens.connection_tests import Address, Answer
from pipelines.commands.screens.exposures import exposure
from pipelines.config import (
    CONNECTIONS,
    MAIL_CONNECTION,
    SQLSERVER,
    TELEGRAM_CONNECTION,
    WAREHOUSE,
    NamedConnection,
    Server,
    Settings,
    SmtpAddress,
    TelegramAddress,
    Uri,
    UriError,
    Warehouse,
    describe_lack,
    find_connection,
    login_options,
    option_names,
    parse_smtp,
    parse_telegram,
    suggest,
)
from pipelines.errors import ConfigurationError

M = TypeVar("M", Warehouse, Server)

HIDDEN = "***"

_KINDS = {
    WAREHOUSE: "vertica",
    MAIL_CONNECTION: "smtp",
    TELEGRAM_CONNECTION: "telegram",
}


@dataclass(frozen=True)
class ShownAddress:
    """An address for people.

    Attributes:
        at: Host and port, or a bot's chats.
        login: The user, with three stars for a password.
        options: What else there is to it.
    """

    at: str
    login: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class ListedConnection:
    """A named connection.

    Attributes:
        kind: One of `mssql`, `vertica`, `smtp` and `telegram`; "" if that is unknown.
        place: Where it is from.
        shadowed: The places that have it too, and do not count.
        addresses: In the order in which they are tried; none if it is not configured.
        fault: What is wrong with it, or "".
    """

    name: str
    kind: str
    place: str
    shadowed: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()
    fault: str = ""


def list_connections(
    settings: Settings, names: Sequence[str] = ()
) -> list[ListedConnection]:
    """The connections of some names; without any, all.

    Raises:
        ConfigurationError: There is none of a name.
    """
    own = [WAREHOUSE, *settings.servers, MAIL_CONNECTION, TELEGRAM_CONNECTION]
    variables = {CONNECTIONS.variable(name) for name in own}
    others = [
        name
        for name in CONNECTIONS.names()
        if CONNECTIONS.variable(name) not in variables and _is_one(name)
    ]
    for name in names:
        if name not in own + others:
            raise ConfigurationError(
                f"unknown connection {name!r}", step=suggest(name, own + others)
            )
    wanted = list(dict.fromkeys(names)) or own + others
    found = [_connection(name, settings) for name in wanted]
    for connection in found if names else ():
        if not connection.addresses and not connection.fault:
            raise ConfigurationError(
                f"connection {connection.name} is not configured",
                step=f"give it as {CONNECTIONS.variable(connection.name)}, as a file,"
                " or in [connections] of luigi.cfg",
            )
    return found


def hide_secrets(address: Address) -> ShownAddress:
    """An address for people, its secrets masked."""
    match address:
        case Warehouse():
            options = {"database": address.database, "tlsmode": address.tlsmode}
            return ShownAddress(address.address, f"{address.user}:{HIDDEN}", options)
        case Server():
            options = {"encryption": address.encryption}
            if address.trust_server_certificate:
                options["trust_server_certificate"] = "true"
            return ShownAddress(address.address, f"{address.user}:{HIDDEN}", options)
        case SmtpAddress():
            options = {
                "security": address.security,
                "from": address.sender,
                "to": ",".join(address.recipients),
            }
            login = f"{address.user}:{HIDDEN}" if address.user else ""
            return ShownAddress(f"{address.host}:{address.port}", login, options)
        case TelegramAddress():
            bot = address.token.get_secret_value().partition(":")[0]
            chats = ",".join(address.chats)
            return ShownAddress(chats, f"{bot}:{HIDDEN}", {"api": address.api})


def connections_table(found: Sequence[ListedConnection]) -> list[str]:
    """A line for each connection."""
    return _aligned([_row(connection) for connection in found])


def test_table(
    found: Sequence[ListedConnection], answers: Sequence[Answer]
) -> list[str]:
    """A line for each address that was tested, and for each that could not be.

    Args:
        found: The connections.
        answers: Those of all their addresses, in that order.
    """
    each = iter(answers)
    rows = []
    for one in found:
        for address, answer in zip(one.addresses, each, strict=False):
            at = hide_secrets(address).at
            rows.append((one.name, at, "ok" if answer.ok else "failed", answer.told))
            if weakness := exposure(address):
                rows.append((one.name, at, "warning", weakness))
    rows += [(one.name, "", "wrong", one.fault) for one in found if one.fault]
    return _aligned(rows)


def connections_as_json(
    found: Sequence[ListedConnection], answers: Sequence[Answer] = ()
) -> list[dict[str, object]]:
    """The same, for programs; answers are those of all addresses, or none."""
    each = iter(answers)
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "from": one.place,
            "shadowed": list(one.shadowed),
            "fault": one.fault,
            "addresses": [
                {
                    **asdict(hide_secrets(address)),
                    "exposure": exposure(address),
                    **({"answer": asdict(next(each))} if answers else {}),
                }
                for address in one.addresses
            ],
        }
        for one in found
    ]


def _row(one: ListedConnection) -> tuple[str, ...]:
    if one.fault:
        return (one.name, "wrong", one.fault)
    if not one.addresses:
        return (one.name, one.kind, "not configured")
    each = [hide_secrets(address) for address in one.addresses]
    said = [*dict.fromkeys(address.login for address in each if address.login)]
    options = dict.fromkeys(
        f"{name}={value}" for address in each for name, value in address.options.items()
    )
    shadowed = f", not from {' or '.join(one.shadowed)}" if one.shadowed else ""
    return (
        one.name,
        one.kind,
        ", ".join(address.at for address in each),
        " ".join([*said, *options]),
        f"from {one.place}{shadowed}",
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines with columns below each other; a row's last cell is as it is."""
    widths: dict[int, int] = {}
    for row in rows:
        for at, cell in enumerate(row[:-1]):
            widths[at] = max(widths.get(at, 0), len(cell))
    return [
        "  ".join([*(c.ljust(widths[at]) for at, c in enumerate(row[:-1])), row[-1]])
        for row in rows
    ]


def _is_one(name: str) -> bool:
    """Whether it is a URI at all: a folder of secrets may hold others."""
    try:
        return "://" in CONNECTIONS.places(name)[0].read()
    except ConfigurationError:
        return True


def _connection(name: str, settings: Settings) -> ListedConnection:
    section = _section(name, settings)
    try:
        named = find_connection(name)
        addresses = _addresses(name, named, settings)
    except ConfigurationError as error:
        place = CONNECTIONS.places(name)[0].label
        return ListedConnection(name, "", place, fault=error.cause)
    place = named.place if named else section
    for server in addresses:
        if isinstance(server, Warehouse | Server) and server.lacking:
            lack = describe_lack(name, server, place or f"[{name}]")
            return ListedConnection(name, "", place or "nowhere", fault=lack)
    if not named:
        kind = _KINDS.get(name, "mssql")
        return ListedConnection(name, kind, section or "nowhere", (), addresses)
    shadowed = named.shadowed
    if section and "host" in option_names(name):
        shadowed = (*shadowed, section)
    return ListedConnection(name, named.kind, named.place, shadowed, addresses)


def _section(name: str, settings: Settings) -> str:
    """The section of luigi.cfg that has the options of a connection, for people."""
    if name != WAREHOUSE and name not in settings.servers:
        return ""
    common = [] if name == WAREHOUSE else [SQLSERVER]
    for section in [name, *common]:
        if option_names(section):
            return f"[{section}] in luigi.cfg"
    return ""


def _addresses(
    name: str, named: NamedConnection | None, settings: Settings
) -> tuple[Address, ...]:
    if name == WAREHOUSE:
        return settings.warehouse.addresses
    if name in settings.servers:
        return settings.servers[name].addresses
    if name == MAIL_CONNECTION:
        return settings.connections.mail
    if name == TELEGRAM_CONNECTION:
        bot = settings.connections.telegram
        return (bot,) if bot else ()
    return tuple(named.each(_READ[named.kind])) if named else ()


def _model(model: type[M], login: Mapping[str, str | int | SecretStr]) -> M:
    try:
        found = model.model_validate(login)
    except ValidationError as error:
        raise UriError("; ".join(describe_faults(error, "its"))) from None
    if found.lacking:
        raise UriError(f"it has no {', '.join(found.lacking)}")
    return found


_READ: Mapping[str, Callable[[Uri], list[Address]]] = {
    "mssql": lambda uri: [_model(Server, login) for login in login_options(uri)],
    "vertica": lambda uri: [_model(Warehouse, login) for login in login_options(uri)],
    "smtp": lambda uri: [*parse_smtp(uri)],
    "telegram": lambda uri: [*parse_telegram(uri)],
}
