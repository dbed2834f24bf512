"""The FreeTDS configuration of a login: where it leads, whom it trusts, its packets.

pymssql has no options for that. db-lib takes the path of a file whose sections are
found by the name that is connected to, and looks no further once it has found one: so
nothing is read of the file that FREETDSCONF names, or of those in the home folder.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pymssql import _mssql

from pipelines.config import Server
from pipelines.errors import ConfigurationError, PermanentError, TransientError
from pipelines.network import Address, authorities_file
from pipelines.runtime import LATER
from pipelines.source.known_errors import PLACE

_PLAIN = re.compile(r"[A-Za-z0-9/._-]{1,120}")
"""A folder's path that FreeTDS reads as it is: it cuts lines and folds blanks."""

_HOST = re.compile(r"[A-Za-z0-9._:%-]+")


class LoginSections:
    """The sections of the logins that go on in this process.

    The driver reads them while it connects, from a file that is there for that time.
    """

    def __init__(self) -> None:
        """Have none yet."""
        self._changed = threading.Condition()
        self._texts: dict[str, str] = {}
        self._places: dict[str, set[tuple[str, int]]] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @contextmanager
    def in_place(
        self, server: Server, at: Address, ips: frozenset[str]
    ) -> Iterator[str]:
        """Have the driver find a section for a login.

        Of a process, one login at a time goes to an address.

        Args:
            server: With `encryption`, whom to trust, and the size of packets.
            at: Where it is.
            ips: The addresses that it stands for.

        Yields:
            What the driver is to connect to.

        Raises:
            ConfigurationError: There are no authorities, or the host is none.
            PermanentError: This build of the driver takes no such file.
            TransientError: No file can be written now, or another login to one of the
                addresses has not ended in time.
        """
        name, authorities = _name(at), _authorities(server)
        places = {(ip, at.port) for ip in {name, *ips}}
        with self._changed:
            if not self._changed.wait_for(
                lambda: not any(places & others for others in self._places.values()),
                server.login_timeout,
            ):
                raise TransientError(
                    f"SQL Server {at} has not let in another login of this process"
                    f" within {server.login_timeout} s",
                    step=LATER,
                )
            try:
                self._add(name, at, server.packet_octets, authorities)
                self._places[name] = places
            except OSError as error:
                raise TransientError(
                    f"no temporary file can be written: {error.strerror}",
                    step="make room, or name another folder in TMPDIR",
                ) from None
        try:
            yield name
        finally:
            with self._changed:
                self._remove(name)
                self._changed.notify_all()

    def _add(
        self, name: str, at: Address, packet_octets: int, authorities: Path | None
    ) -> None:
        if self._folder is None:
            plain = _PLAIN.fullmatch(tempfile.gettempdir())
            self._folder = tempfile.TemporaryDirectory(
                prefix="shardline-",
                dir=None if plain else "/tmp",  # noqa: S108 - a new folder in it
            )
        folder = Path(self._folder.name)
        section = _section(name, at, packet_octets, _linked(folder, authorities))
        self._write(folder, [*self._texts.values(), section])
        self._texts[name] = section

    def _remove(self, name: str) -> None:
        del self._texts[name], self._places[name]
        if self._folder and not self._texts:
            self._folder.cleanup()
            self._folder = None

    def _write(self, folder: Path, sections: Sequence[str]) -> None:
        """Write all sections, in the place of the file that is there."""
        draft, file = folder / "draft", folder / "freetds.conf"
        draft.write_text("\n".join(sections), encoding="ascii")
        draft.replace(file)
        _name_file(file)


def login_sections() -> LoginSections:
    """Those of this process, whose driver reads but one file."""
    return _sections(os.getpid())


@cache
def _sections(_pid: int) -> LoginSections:
    """A child's are its own: a thread of its parent's may just have logged in."""
    return LoginSections()


def _name(at: Address) -> str:
    """What the driver is told to connect to, and names to the server."""
    if not _HOST.fullmatch(at.ip):
        raise ConfigurationError(
            f"SQL Server {at}: its host is neither a name nor an address",
            step=f"correct its host {PLACE}",
        )
    return f"{at.ip}:{at.port}"


def _authorities(server: Server) -> Path | None:
    """The file of those whose word is taken for who the server is; None for anybody."""
    if server.encryption != "require" or server.trust_server_certificate:
        return None
    file = authorities_file(server.tls_cafile)
    if file is None:
        raise ConfigurationError(
            "this system has no file of authorities that certificates can be held"
            " against",
            step="name one in tls_cafile, or in SSL_CERT_FILE",
        )
    return file


def _linked(folder: Path, file: Path | None) -> Path | None:
    """A short and plain path to a file: FreeTDS cuts lines, and folds blanks."""
    if file is None:
        return None
    link = folder / hashlib.sha256(bytes(file)).hexdigest()[:16]
    if not link.is_symlink():
        link.symlink_to(file)
    return link


def _section(
    name: str, at: Address, packet_octets: int, authorities: Path | None
) -> str:
    lines = [
        f"[{name}]",
        f"host = {at.ip}",
        f"port = {at.port}",
        f"initial block size = {packet_octets}",
    ]
    if authorities:
        lines += [f"ca file = {authorities}", f"certificate hostname = {at.host}"]
    return "\n\t".join(lines) + "\n"


def _name_file(file: Path) -> None:
    """Have the driver read a file from now on.

    Raises:
        PermanentError: It keeps db-lib to itself, or does not take it.
    """
    try:
        ctypes.CDLL(_mssql.__file__).dbsetifile(str(file).encode())
    except (OSError, AttributeError):
        raise PermanentError(
            "this build of pymssql cannot be told whose certificates to trust",
            step=f"install pymssql's own wheel, or name a weaker encryption {PLACE}",
        ) from None
