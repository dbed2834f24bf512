"""What every room's tests share: one running sandbox, and fresh places in it."""

from __future__ import annotations

import gc
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from sandbox.process import SandboxProcess
from tests.kit.commands import SERVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Nothing is a failure for being slow: the machine may have other things to do. And a
# change is judged by what it changed: new examples are looked for by `make test-all`.
hypothesis.settings.register_profile("explore", deadline=None, derandomize=False)
hypothesis.settings.register_profile("shardline", deadline=None, derandomize=True)
hypothesis.settings.load_profile("shardline")

REPOSITORY = Path(__file__).parent.parent
TAXIS = "SHARDLINE_TAXIS"


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Share one sandbox with all tests; take fresh places in it."""
    home = tmp_path_factory.mktemp("sandbox")
    with SandboxProcess(home, "--lock-timeout", "5") as running:
        yield running


@pytest.fixture
def fresh_database(sandbox: SandboxProcess) -> Callable[..., str]:
    """Give a function that makes an empty database and returns its name."""

    def make(server: str = "mssql_0", name: str = "") -> str:
        unique = f"{name}{uuid.uuid4().hex[:12]}"
        sandbox.control.create_database(server, unique)
        return unique

    return make


@pytest.fixture
def fresh_schema() -> str:
    """Give the name of a schema that nobody has in the warehouse."""
    return f"s_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def taxis() -> Path:
    """Give the file of real trips; skip where there is none."""
    named = os.environ.get(TAXIS)
    path = Path(named) if named else REPOSITORY.parent / "shared/data/taxis.csv"
    if not path.is_file():
        pytest.skip(f"no file of trips at {path}; {TAXIS} may name another")
    return path


def pytest_sessionfinish() -> None:
    """Thaw what our commands have frozen, or DuckDB tells of leaks at the exit."""
    gc.unfreeze()
    SERVER.stop()
