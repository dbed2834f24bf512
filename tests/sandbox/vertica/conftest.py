from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.vertica_client import Client, Vertica

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def vertica() -> Iterator[Vertica]:
    vertica = Vertica()
    yield vertica
    vertica.stop()


@pytest.fixture
def patient() -> Iterator[Vertica]:
    """A server whose locks are waited for longer than any test lasts."""
    vertica = Vertica(lock_timeout=600)
    yield vertica
    vertica.stop()


@pytest.fixture
def client(vertica: Vertica) -> Client:
    return Client(vertica.connect())


@pytest.fixture
def other(vertica: Vertica) -> Client:
    return Client(vertica.connect())


@pytest.fixture
def table(client: Client) -> str:
    client.run("CREATE TABLE t (a INT NOT NULL, b VARCHAR(9))")
    return "t"
