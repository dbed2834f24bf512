"""Where a running sandbox listens, in a file for programs and one for Luigi."""

from __future__ import annotations

import json
from configparser import RawConfigParser
from dataclasses import asdict, dataclass
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from sandbox.faults import SandboxError
from sandbox.private_files import private_folder, replace_file
from sandbox.telegram.bot import DEFAULT_CHATS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SENDER, READER = "shardline@example.com", "readers@example.com"
"""Who mails are from, and who reads them, where luigi.cfg is the sandbox's."""


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int


class ControlAddress(NamedTuple):
    """Where the control channel listens, and what it asks of who calls."""

    host: str
    port: int
    token: str


class AddressesError(SandboxError):
    """No sandbox can be found; the message is one line."""


@dataclass(frozen=True)
class Addresses:
    """Where everything listens, and the account which all servers know.

    Attributes:
        pid: The sandbox's process.
        mssql: The SQL Servers by name.
        database: The database on Vertica.
        telegram: The Bot API's, over plain HTTP.
        token: The bot's.
        authority: Who has signed the servers' certificate, in PEM.
        luigid: Luigi's scheduler and page, when the sandbox started it.
    """

    pid: int
    user: str
    password: str
    mssql: Mapping[str, Address]
    vertica: Address
    database: str
    telegram: Address
    token: str
    smtp: Address
    control: ControlAddress
    authority: str
    luigid: Address | None = None

    def write(self, path: Path) -> None:
        """Write the file all at once, for its owner only."""
        _write_private(path, json.dumps(asdict(self), indent=2) + "\n")

    def write_luigi_cfg(self, path: Path) -> None:
        """Write the part of luigi.cfg that leads to this sandbox.

        Luigi reads it over the project's own when LUIGI_CONFIG_PATH names it. It names
        a file beside it, which has the authority.
        """
        cafile = authority_file(path)
        _write_private(cafile, self.authority)
        trusted = {"tls_cafile": _escaped(str(cafile.absolute()))}
        config = RawConfigParser()
        config["warehouse"] = {
            **self._login(self.vertica),
            **trusted,
            "database": _escaped(self.database),
        }
        config["sqlserver"] = trusted
        for server, address in self.mssql.items():
            config[server] = self._login(address)
        if self.luigid:
            config["core"] = {
                "scheduler_host": self.luigid.host,
                "scheduler_port": str(self.luigid.port),
            }
        config["connections"] = {
            "telegram": f"telegram://{self.token}@{DEFAULT_CHATS[0]}?api=http://"
            f"{self.telegram.host}:{self.telegram.port}",
            "mail": f"smtp://{self.smtp.host}:{self.smtp.port}/?security=none"
            f"&from={SENDER}&to={READER}",
        }
        config["alerts"] = {"channels": "telegram, mail"}
        text = StringIO()
        config.write(text)
        _write_private(path, text.getvalue())

    def _login(self, address: Address) -> dict[str, str]:
        return {
            "host": address.host,
            "port": str(address.port),
            "user": _escaped(self.user),
            "password": _escaped(self.password),
        }


def authority_file(luigi_cfg: Path) -> Path:
    """Where the authority is that a sandbox's luigi.cfg names."""
    return luigi_cfg.with_name("authority.pem")


def read_addresses(path: Path) -> Addresses:
    """Read where the running sandbox listens.

    Raises:
        AddressesError: The file is missing, so none runs, or is not one of ours.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        luigid = fields.pop("luigid")
        mssql = fields.pop("mssql")
        return Addresses(
            **{
                **fields,
                "mssql": {name: Address(*at) for name, at in mssql.items()},
                "vertica": Address(*fields["vertica"]),
                "telegram": Address(*fields["telegram"]),
                "smtp": Address(*fields["smtp"]),
                "control": ControlAddress(*fields["control"]),
                "luigid": Address(*luigid) if luigid else None,
            }
        )
    except FileNotFoundError:
        raise AddressesError(
            f"no sandbox is running: {path} is missing;"
            " start one with `python -m sandbox serve`"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AddressesError(
            f"{path} is not a file of addresses, as `python -m sandbox serve` writes"
            f" it: {error}"
        ) from None


def _write_private(path: Path, text: str) -> None:
    private_folder(path.parent)
    replace_file(path, text.encode())


def _escaped(value: str) -> str:
    # Luigi's parser takes a lone % for the start of an interpolation.
    return value.replace("%", "%%")
