"""A real PostgreSQL of the tests' own, on loopback and in a temporary folder."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

USER = "shardline"
DEBIAN = Path("/usr/lib/postgresql")


def find(program: str) -> str | None:
    """A program of PostgreSQL's, on the path or where Debian puts it."""
    versions = sorted(DEBIAN.glob(f"*/bin/{program}"))
    return shutil.which(program) or (str(versions[-1]) if versions else None)


class Postgres:
    """One running server; each test takes a database of its own."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self.password = password

    def url(self, database: str, *, password: str = "") -> str:
        known = password or self.password
        return f"postgresql+psycopg://{USER}:{known}@127.0.0.1:{self.port}/{database}"

    def fresh_database(self) -> str:
        """The address of a new and empty database."""
        name = f"etl_{uuid.uuid4().hex[:12]}"
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return self.url(name)


@contextmanager
def running() -> Iterator[Postgres]:
    """Make a cluster, serve it, and remove it.

    PostgreSQL refuses to run as root: then it runs as its own user.
    """
    owner = "postgres" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="etl-"))
    password = secrets.token_hex(8)
    try:
        (home / "password").write_text(password)
        if owner:
            account = pwd.getpwnam(owner)
            for path in (home, home / "password"):
                os.chown(path, account.pw_uid, account.pw_gid)
        _run(
            *("initdb", "--auth=scram-sha-256", f"--username={USER}", "--no-sync"),
            *(f"--pwfile={home / 'password'}", f"--pgdata={home / 'data'}"),
            owner=owner,
        )
        port = _free_port()
        options = f"-h 127.0.0.1 -p {port} -c unix_socket_directories='' -F"
        log = home / "log"
        server = ("--pgdata", str(home / "data"), "--wait")
        _run("pg_ctl", "start", *server, "-o", options, "-l", str(log), owner=owner)
        try:
            yield Postgres(port, password)
        finally:
            _run("pg_ctl", "stop", *server, "--mode=immediate", owner=owner)
    finally:
        shutil.rmtree(home)


def _run(program: str, *arguments: str, owner: str | None) -> None:
    subprocess.run(
        [find(program) or program, *arguments],
        check=True,
        user=owner,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
