"""A project of its own for each test that asks for one, and an ETL database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from pipelines.etl_db import etl_engine
from pipelines.source import kept_sources
from pipelines.text import known_secrets
from pipelines.warehouse import kept_warehouses
from sandbox.process import SandboxProcess
from tests.kit.postgres import Postgres, running, why_not
from tests.kit.project import Project
from tests.kit.reporting import Reporting


@pytest.fixture(autouse=True)
def forgotten_secrets() -> Iterator[None]:
    """What one test gives for a password is an ordinary word to the others."""
    yield
    known_secrets.cache_clear()


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    """Have a test that connects in its own process log in anew."""
    yield
    kept_sources().close()
    kept_warehouses().close()


@pytest.fixture
def project(tmp_path: Path, sandbox: SandboxProcess) -> Project:
    return Project(tmp_path, sandbox)


@pytest.fixture
def reporting(tmp_path: Path, sandbox: SandboxProcess) -> Reporting:
    return Reporting(tmp_path, sandbox)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start a real PostgreSQL; skip where there is none."""
    if reason := why_not():
        pytest.skip(reason)
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def costly_etl_database(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """As `etl_database`, of the other kind in the long run only."""
    with _empty_database(request, tmp_path) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def etl_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty ETL database, of one kind and of the other."""
    with _empty_database(request, tmp_path) as address:
        yield address


@pytest.fixture
def engine(etl_database: str) -> Iterator[Engine]:
    """An empty ETL database with its tables, of one kind and of the other."""
    engine = etl_engine(SecretStr(etl_database))
    yield engine
    engine.dispose()


@contextmanager
def _empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database for one test; what the test has left open to it is closed."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'etl.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    address = server.fresh_database()
    yield address
    server.drop_database(address)


@pytest.fixture
def logged_project(
    tmp_path: Path, sandbox: SandboxProcess, costly_etl_database: str
) -> Project:
    """A project whose session log is of one kind, in the long run of the other too."""
    return Project(tmp_path, sandbox, etl_database=costly_etl_database)
