"""SQLite's locks on its file outlive what else this process does with the file."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.etl_db import etl_engine

OTHER = """
import sys
from pydantic import SecretStr
from pipelines.etl_db import etl_engine
engine = etl_engine(SecretStr(sys.argv[1]))
with engine.begin() as connection:
    connection.exec_driver_sql("INSERT INTO noted VALUES ('other')")
engine.dispose()
"""


def opened_files() -> list[str]:
    """What this process has open of SQLite's, as the kernel names it."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that of this listing
            found.append(str(link.readlink()))
    return [path for path in found if "etl.db" in path]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_another_process_that_closes_does_not_take_the_log_from_this_one(
    tmp_path: Path,
) -> None:
    address = f"sqlite:///{tmp_path / 'etl.db'}"
    engine = etl_engine(SecretStr(address))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE noted (who TEXT)")
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            connection.exec_driver_sql("SELECT * FROM noted")
            connection.rollback()
        subprocess.run([sys.executable, "-c", OTHER, address], timeout=60, check=True)
        assert not [path for path in opened_files() if path.endswith(" (deleted)")]
        first.exec_driver_sql("INSERT INTO noted VALUES ('this')")
        first.commit()
    engine.dispose()
    with etl_engine(SecretStr(address)).connect() as anew:
        found = set(anew.scalars(sa.text("SELECT who FROM noted")))
        assert found == {"other", "this"}
        assert anew.scalar(sa.text("PRAGMA integrity_check")) == "ok"
