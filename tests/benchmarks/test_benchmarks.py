"""`python -m benchmarks`: what it shows; no figure is judged here."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from benchmarks import product, tutorial
from pipelines.warehouse import create_tables
from sandbox.clients import connect_mssql, connect_vertica
from sandbox.process import SandboxProcess

DAY = date(2019, 3, 14)
TARGET = (
    "CREATE TABLE tutorial.orders (id INTEGER, start_time TIMESTAMP,"
    " end_time TIMESTAMP, type INTEGER, data UUID, etl_source VARCHAR(128),"
    # Unsigned in the tutorial, so that half of its hashes are no INTEGER.
    " etl_id INTEGER, hash_id NUMERIC(20))"
)
ORDERS = """
CREATE TABLE dbo.Orders (id bigint NOT NULL, start_time datetime2 NOT NULL,
    end_time datetime2 NULL, type int NOT NULL, data uniqueidentifier NOT NULL);
INSERT INTO dbo.Orders VALUES
    (1, '2019-03-14', '2019-03-14T00:02:00.000001', 1, newid()),
    (-2, '2019-03-14T23:59:59.999999', NULL, 5, newid()),
    (3, '2019-03-15', NULL, 1, newid());
"""


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


@pytest.mark.long
def test_a_short_run_shows_every_table(tmp_path: Path) -> None:
    document = tmp_path / "figures.md"
    command = [sys.executable, "-m", "benchmarks", "--rows", "2000", "--rounds", "1"]
    command += ["--days", "2"]
    told = subprocess.run(
        [*command, "--markdown", str(document)],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    text = document.read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if "|" in line]
    cells = {tuple(row[:2]) if row[0] == "2,000" else row[0]: row for row in rows}
    for figure in ("CPU, ns a row", "time, ns a row", "peak memory, MiB"):
        shown = [number(cell) for cell in cells["2,000", figure][2:]]
        assert len(shown) == 5
        assert min(shown) > 0
    steps = {
        *("tutorial: to_csv", "shardline: NATIVE rows, hash_id, checksum", "times"),
        *("pandas: hash_pandas_object", "shardline: rows of the key alone"),
        *("session log: two commits", "connect to Vertica, and leave", "extract"),
        *("connect to SQL Server, and leave", "compare columns", "encode", "commit"),
        *("COPY, and ask what arrived", "marker: insert it"),
        *("Luigi and the task around it", "all but extract and encode"),
        *("a task a day", "days together", "shardline backfill"),
        *("the newest", "those that failed"),
        *("memcpy in memory", "memcpy to new pages", "TCP over loopback"),
    }
    assert steps <= cells.keys()
    assert re.search(r"^\d{4}-\d\d-\d\d, .+, \d+ cores, Python 3.*rounds: 1\n", text)
    shown = " ".join(told.stdout.split())  # a narrow terminal wraps titles
    for title in re.findall(r"^(.+):\n\n\|", text, re.MULTILINE):
        assert re.split("[:,]", title)[0] in shown


def test_the_tutorials_way_loads_what_shardlines_does(sandbox: SandboxProcess) -> None:
    addresses = sandbox.addresses
    sandbox.control.create_database(product.SHARD.server, product.SHARD.database)
    source = connect_mssql(addresses, product.SHARD.server, product.SHARD.database)
    with closing(source):
        source.cursor().execute(ORDERS)
    mssql_port = addresses.mssql[product.SHARD.server].port
    options = product.settings(mssql_port, addresses.vertica.port)
    create_tables(options.warehouse, product.table(options))
    with closing(connect_vertica(addresses)) as warehouse:
        cursor = warehouse.cursor()
        cursor.execute("CREATE SCHEMA tutorial")
        cursor.execute(TARGET)
        assert tutorial.load(options, DAY) == product.load(options, DAY) == 2
        columns = ", ".join((*tutorial.COLUMNS, "etl_source", "etl_id"))
        landed = []
        for target in (tutorial.TARGET, product.table(options).target):
            cursor.execute(
                f"SELECT {columns} FROM {target} WHERE etl_source = 'bench' ORDER BY id"
            )
            landed.append(cursor.fetchall())
    assert landed[0] == landed[1]
    assert [row[0] for row in landed[0]] == [-2, 1]
