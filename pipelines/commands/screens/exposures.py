"""What somebody between here and a server can do, as it is configured."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import make_url

from pipelines.commands.screens.connection_tests import Address
from pipelines.config import Server, SmtpAddress, TelegramAddress, Warehouse

_READ = "whoever is on the way can read all that travels, the login too, and alter it"
_POSE = "whoever is on the way can pose as the server, and gets the login"
_RELATED = "any server with a certificate of the same authorities can pose as this one"

_MODES = {
    **dict.fromkeys(("disable", "allow", "prefer"), _READ),
    "require": _POSE,
    "verify-ca": _RELATED,
}
"""What is weaker than verify-full, as Vertica's tlsmode or PostgreSQL's sslmode."""


def exposure(address: Address) -> str:
    """What is weaker than it could be, in a clause; "" if nothing is.

    Nobody is on the way to a server on this machine.
    """
    match address:
        case Warehouse():
            return _unless_loopback(address.host, _of_vertica(address))
        case Server():
            return _unless_loopback(address.host, _of_sql_server(address))
        case SmtpAddress():
            weakness = _READ if address.security == "none" else ""
            return _unless_loopback(address.host, weakness)
        case TelegramAddress():
            api = urlsplit(address.api)
            weakness = _READ if api.scheme == "http" else ""
            return _unless_loopback(api.hostname or "", weakness)


def etl_exposure(database: SecretStr) -> str:
    """The same of the ETL database, whose address is SQLAlchemy's."""
    url = make_url(database.get_secret_value())
    mode = str(url.query.get("sslmode", "verify-full"))
    found = _MODES.get(mode, "")
    if url.get_backend_name() != "postgresql" or not url.host or not found:
        return ""
    return _unless_loopback(url.host, f"sslmode = {mode}: {found}")


def _of_vertica(address: Warehouse) -> str:
    found = _MODES.get(address.tlsmode)
    return f"tlsmode = {address.tlsmode}: {found}" if found else ""


def _of_sql_server(address: Server) -> str:
    if address.encryption != "require":
        return f"encryption = {address.encryption}: {_READ}"
    if address.trust_server_certificate:
        return f"trust_server_certificate = true: {_POSE}"
    return ""


def _unless_loopback(host: str, weakness: str) -> str:
    try:
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    return "" if is_here else weakness
