"""A pymssql that is laid out otherwise is refused before anything of it is read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pymssql
import pytest

PACKAGE = Path(pymssql.__file__).parent
ASK = """
from lowlevel.rows import DriverLibrary, UnknownDriverError
try:
    DriverLibrary()
except UnknownDriverError as error:
    print(error)
"""


def told_of(folder: Path) -> str:
    """What is said of the pymssql in a folder."""
    path = f"{folder}{os.pathsep}{Path(__file__).parents[2]}"
    told = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


def copy_package(folder: Path) -> Path:
    """A pymssql to be altered, in a folder."""
    libraries = PACKAGE.with_name("pymssql.libs")
    if libraries.exists():
        (folder / "pymssql.libs").symlink_to(libraries)
    return Path(shutil.copytree(PACKAGE, folder / "pymssql"))


def swap(text: str) -> str:
    return text.replace("last_msg_no", "*").replace("num_columns", "last_msg_no")


@pytest.mark.parametrize(
    ("alter", "told"),
    [
        pytest.param(lambda text: text, "", id="as it is"),
        pytest.param(swap, "has other fields", id="fields in other places"),
        pytest.param(
            lambda text: text.replace("    cdef tuple column_types\n", ""),
            "has other fields",
            id="a field fewer",
        ),
        pytest.param(lambda _: "", "has other fields", id="no declaration"),
        pytest.param(lambda _: None, "without its _mssql.pxd", id="no such file"),
    ],
)
def test_the_declaration_of_the_connection_is_compared(
    tmp_path: Path, alter: Callable[[str], str | None], told: str
) -> None:
    declaration = copy_package(tmp_path) / "_mssql.pxd"
    text = alter(declaration.read_text(encoding="utf-8"))
    if text is None:
        declaration.unlink()
    else:
        declaration.write_text(text, encoding="utf-8")
    assert told_of(tmp_path).endswith(told)
    assert bool(told_of(tmp_path)) is bool(told)


@pytest.mark.parametrize("version", ["2.2.11", "2.3.4", "2.3.13", "2.5.0", "24.0"])
def test_a_version_whose_rows_have_not_been_compared_is_refused_laid_out_as_it_may_be(
    tmp_path: Path, version: str
) -> None:
    with (copy_package(tmp_path) / "__init__.py").open("a") as module:
        module.write(f"__version__ = {version!r}\n")
    assert told_of(tmp_path) == f"pymssql {version} is not 2.4.x"
