"""A real PostgreSQL of the tests' own, on loopback and in a temporary folder."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
import trustme

USER = "shardline"
DEBIAN = Path("/usr/lib/postgresql")


def find(program: str) -> str | None:
    """A program of PostgreSQL's, on the path or where Debian puts it."""
    versions = sorted(DEBIAN.glob(f"*/bin/{program}"))
    return shutil.which(program) or (str(versions[-1]) if versions else None)


def why_not() -> str:
    """Why no PostgreSQL can be started here; empty if one can."""
    missing = [name for name in ("initdb", "pg_ctl") if not find(name)]
    if missing:
        return f"PostgreSQL is not installed: {' and '.join(missing)} not found"
    if _owner() not in {None, *(account.pw_name for account in pwd.getpwall())}:
        return f"PostgreSQL does not run as root, and there is no user {_owner()}"
    return ""


DYING = 90.0
"""Seconds that the processes of a killed server may take to go."""


class Postgres:
    """One server; each test takes a database of its own."""

    def __init__(self, home: Path, password: str) -> None:
        self.port = _free_port()
        self.password = password
        self._home = home

    def start(self) -> None:
        """Serve, on the same port each time, and in TLS who asks for it."""
        options = f"-h 127.0.0.1 -p {self.port} -c unix_socket_directories='' -F"
        options += f" -c ssl=on -c ssl_cert_file={self._home / 'certificate'}"
        options += f" -c ssl_key_file={self._home / 'key'}"
        self._control("start", "-o", options, "-l", str(self._home / "log"))

    def stop(self) -> None:
        """End it and its connections at once."""
        self._control("stop", "--mode=immediate")

    def kill(self) -> None:
        """SIGKILL to its first process, and start it anew when the others have gone."""
        os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + DYING
        while True:
            try:
                self.start()
            except subprocess.CalledProcessError:  # its processes have its memory still
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    @property
    def pid(self) -> int:
        """Its first process."""
        lines = (self._home / "data" / "postmaster.pid").read_text().splitlines()
        return int(lines[0])

    @property
    def authority(self) -> Path:
        """Who has signed its certificate, in PEM."""
        return self._home / "authority"

    def url(self, database: str, *, password: str = "") -> str:
        known = password or self.password
        return f"postgresql+psycopg://{USER}:{known}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def fresh_database(self) -> str:
        """The address of a new and empty database."""
        name = f"etl_{uuid.uuid4().hex[:12]}"
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return self.url(name)

    def drop_database(self, address: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = sa.make_url(address).database
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        engine.dispose()

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self._home / "log").read_text(encoding="utf-8")

    def _control(self, *arguments: str) -> None:
        _run("pg_ctl", *arguments, "--wait", f"--pgdata={self._home / 'data'}")


@contextmanager
def running() -> Iterator[Postgres]:
    """Make a cluster, serve it, and remove it."""
    home = Path(tempfile.mkdtemp(prefix="etl-"))
    password = secrets.token_hex(8)
    try:
        (home / "password").write_text(password)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(home / "authority")
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(home / "key")
        issued.cert_chain_pems[0].write_to_path(home / "certificate")
        (home / "key").chmod(0o600)
        if owner := _owner():
            for path in (home, *home.iterdir()):
                shutil.chown(path, owner)
        _run(
            *("initdb", "--auth=scram-sha-256", f"--username={USER}", "--no-sync"),
            *(f"--pwfile={home / 'password'}", f"--pgdata={home / 'data'}"),
        )
        server = Postgres(home, password)
        server.start()
        try:
            yield server
        finally:
            if (home / "data" / "postmaster.pid").exists():
                server.stop()
    finally:
        shutil.rmtree(home)


def wait_for_a_lock(url: str, seconds: float = 30) -> int:
    """Wait until a backend of a database waits for a lock; the backend's number."""
    query = sa.text(
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    deadline = time.monotonic() + seconds
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            while (pid := connection.scalar(query)) is None:
                assert time.monotonic() < deadline, "nobody waits for a lock"
                connection.exec_driver_sql("SELECT pg_sleep(0.02)")
    finally:
        engine.dispose()
    return int(pid)


def _owner() -> str | None:
    """Who runs the server, if not we: PostgreSQL refuses to be run by root."""
    return "postgres" if os.geteuid() == 0 else None


def _run(program: str, *arguments: str) -> None:
    subprocess.run(
        [find(program) or program, *arguments],
        check=True,
        user=_owner(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
