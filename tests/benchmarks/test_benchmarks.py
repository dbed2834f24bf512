"""`python -m benchmarks`: what it shows; no figure is judged here."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from benchmarks import product
from benchmarks.loads import Place
from benchmarks.packets import messages, packets, payload, repeated
from benchmarks.ways.choice import WAYS, lacking, loader
from benchmarks.ways.tutorial import COLUMNS, TARGET
from pipelines.warehouse import create_tables
from sandbox.clients import connect_mssql, connect_vertica
from sandbox.process import SandboxProcess

DAY = date(2019, 3, 14)
TUTORIALS = (
    "CREATE TABLE tutorial.orders (id INTEGER, start_time TIMESTAMP,"
    " end_time TIMESTAMP, type INTEGER, data UUID, etl_source VARCHAR(128),"
    # Unsigned in the tutorial, so that half of its hashes are no INTEGER.
    " etl_id INTEGER, hash_id NUMERIC(20))"
)
OF_THE_TUTORIAL = ("tutorial", "mssql_python")
"""The ways that load into a table with its columns."""

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


def shown_by(*options: str) -> tuple[str, list[list[str]]]:
    """The document, and the cells of all its tables' rows."""
    document = Path(options[-1])
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    text = document.read_text(encoding="utf-8")
    on_screen = " ".join(told.stdout.split())  # a narrow terminal wraps titles
    for title in re.findall(r"^(.+):\n\n\|", text, re.MULTILINE):
        assert re.split("[:,]", title)[0] in on_screen
    assert re.search(r"^\d{4}-\d\d-\d\d, .+, \d+ cores, Python 3.*rounds: 1\n", text)
    return text, [
        line.strip("| ").split(" | ") for line in text.splitlines() if "|" in line
    ]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_short_run_of_loads_shows_every_table_and_draws_them(tmp_path: Path) -> None:
    picture = tmp_path / "figures.svg"
    text, rows = shown_by(
        *("--only", "loads", "--rows", "2000", "--rounds", "1"),
        *("--plot", str(picture), "--markdown", str(tmp_path / "figures.md")),
    )
    for way, title in WAYS.items():
        shown = [row[1:] for row in rows if row[0] == title]
        if lacking(way):
            assert f"Not run: {title}: {lacking(way)}." in text
        else:
            cells = [number(cell) for row in shown for cell in row if cell != "not run"]
            assert len(cells) >= 4
            assert min(cells[:2]) > 0
    assert {
        *("tutorial: to_csv", "shardline: NATIVE rows, hash_id, checksum", "times"),
        *("pandas: hash_pandas_object", "shardline: rows of the key alone"),
        *("two threads", "two processes", "memcpy in memory", "TCP over loopback"),
    } <= {row[0] for row in rows}
    assert WAYS["fast"] in picture.read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_short_run_of_days_shows_every_table(tmp_path: Path) -> None:
    _, rows = shown_by(
        *("--only", "days", "--shards", "2", "--days", "2", "--rounds", "1"),
        *("--markdown", str(tmp_path / "figures.md")),
    )
    assert {
        *("session log: two commits", "Vertica: see that the session lives"),
        *("SQL Server: USE the database", "compare columns", "commit"),
        *("COPY, and ask what arrived", "marker: insert it", "extract and encode"),
        *("Luigi and the task around it", "all but extract and encode"),
        *("2 workers, luigid", "one worker, scheduler of its own"),
        *("shardline backfill, 300", "shardline plan"),
        *("a task a day, 2 days", "days together, 2 days"),
    } <= {row[0] for row in rows}


def test_a_recorded_answer_can_have_its_rows_several_times() -> None:
    def done(rows: int) -> bytes:
        return b"\xfd\x10\x00\xc1\x00" + rows.to_bytes(8, "little")

    head, row = b"\x81 columns", b"\xd1" + b"value" * 1_000
    answer = packets(head + row * 3 + done(3), 4_096)
    empty = packets(head + done(0), 4_096)
    client, server = socket.socketpair()
    with client, server:
        for octets in repeated(answer, empty, 4):
            server.sendall(octets)
        server.shutdown(socket.SHUT_WR)
        (message,) = messages(client)
    assert payload(message) == head + row * 12 + done(12)


def test_all_ways_load_the_same_rows(sandbox: SandboxProcess) -> None:
    addresses = sandbox.addresses
    sandbox.control.create_database(product.SHARD.server, product.SHARD.database)
    source = connect_mssql(addresses, product.SHARD.server, product.SHARD.database)
    with closing(source):
        source.cursor().execute(ORDERS)
    mssql = addresses.mssql[product.SHARD.server].port
    place = Place(product.TABLE, DAY, 2, mssql, addresses.vertica.port)
    options = product.settings(place)
    create_tables(options.warehouse, product.table(options))
    targets = {
        way: TARGET if way in OF_THE_TUTORIAL else product.table(options).target
        for way in WAYS
        if not lacking(way)
    }
    columns = ", ".join((*COLUMNS, "etl_source", "etl_id"))
    landed = []
    with closing(connect_vertica(addresses)) as warehouse:
        cursor = warehouse.cursor()
        cursor.execute("CREATE SCHEMA tutorial")
        cursor.execute(TUTORIALS)
        for way, target in targets.items():
            assert loader(way)(place) == 2
            ours = f"FROM {target} WHERE etl_source = 'bench'"
            cursor.execute(f"SELECT {columns} {ours} ORDER BY id")
            landed.append(cursor.fetchall())
            cursor.execute(f"DELETE {ours}")
            cursor.execute(
                f"DELETE FROM {options.warehouse.markers} WHERE source = 'bench'"
            )
            cursor.execute("COMMIT")
    assert landed == landed[:1] * len(targets)
    assert [row[0] for row in landed[0]] == [-2, 1]
