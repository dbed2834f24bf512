"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from sandbox.engine import Engine
from tests.kit.tds_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A SQL Server that nobody has logged in to: its refusals are remembered."""
    with closing(Engine(None)) as engine:
        running = Server(engine)
        yield running
        running.stop()
