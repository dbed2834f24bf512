"""`python -m sandbox fill`: made-up rows, and rows from a CSV file."""

from __future__ import annotations

import csv
import datetime as dt
import subprocess
import sys
import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.clients import connect_mssql
from sandbox.process import SandboxProcess
from sandbox.shards import Shard, read_shards, write_shards

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHARDS = [Shard(f"mssql_{at % 3}", f"city {at}") for at in range(15)]
FIRST, LAST = dt.date(2019, 3, 11), dt.date(2019, 3, 13)
DAYS = f"{FIRST}..{LAST}"
MICROSECOND = dt.timedelta(microseconds=1)
Row = tuple[int, dt.datetime, dt.datetime | None, int, uuid.UUID]

MAPS = {
    "id": "row_number() OVER ()",
    "start_time": "began",
    "end_time": "ended",
    "type": "CASE paid WHEN 'cash' THEN 1 ELSE 2 END",
    "data": "md5(concat_ws('|', zone, began))::UUID",
}
GEORGE = "St. George's"
TRIPS = [
    ("zone", "began", "ended", "paid"),
    ("Lenox Hill/West", "2019-03-01 00:00:00", "2019-03-01 00:10:00", "cash"),
    (GEORGE, "2019-03-01 23:59:59.999999", "2019-03-02 00:10:00", "card"),
    ("Lenox Hill/West", "2019-03-02 10:00:00", "", "cash"),
    ("007", "2019-03-02 10:00:00", "2019-03-02 10:00:00", ""),
    ("", "2019-03-02 11:00:00", "2019-03-02 11:30:00", "cash"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    home = tmp_path_factory.mktemp("fill")
    write_shards(home / "shards.csv", SHARDS)
    with SandboxProcess(home, "--shards", str(home / "shards.csv")) as running:
        yield running


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trips") / "trips [1].csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(TRIPS)
    return path


@pytest.fixture(scope="module")
def filled(small: SandboxProcess, trips: Path) -> None:
    done = fill_csv(small, trips, "--empty-shard", "none", "--server", "mssql_2")
    assert done.returncode == 0, done.stderr


def fill(
    sandbox: SandboxProcess, *options: str, table: str = "orders"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "sandbox", "fill", table),
            *("--addresses", str(sandbox.home / "addresses.json"), *options),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def fill_csv(
    sandbox: SandboxProcess, file: Path, *options: str, **maps: str
) -> subprocess.CompletedProcess[str]:
    mapping = {**MAPS, **maps}
    return fill(
        sandbox,
        *("--csv", str(file), "--shard-column", "zone", *options),
        *(f"--map={target}={sql}" for target, sql in mapping.items() if sql),
    )


def query(sandbox: SandboxProcess, server: str, database: str, sql: str) -> list[Any]:
    connection = connect_mssql(sandbox.addresses, server, database)
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def orders(sandbox: SandboxProcess, server: str, database: str) -> list[Row]:
    columns = "id, start_time, end_time, type, data"
    sql = f"SELECT {columns} FROM dbo.Orders ORDER BY id"
    return query(sandbox, server, database, sql)


def all_orders(sandbox: SandboxProcess) -> dict[str, list[Row]]:
    return {one.name: orders(sandbox, one.server, one.name) for one in SHARDS}


def shown(row: Row) -> tuple[int, str, str, int]:
    return row[0], str(row[1]), str(row[2]), row[3]


def test_made_up_orders_are_plausible(small: SandboxProcess) -> None:
    days = [FIRST + dt.timedelta(days=at) for at in range(5)]
    done = fill(small, "--days", f"{days[0]}..{days[-1]}", "--rows", "50")
    assert done.returncode == 0, done.stderr
    shards = all_orders(small)
    rows = [row for shard in shards.values() for row in shard]
    assert {row[1].date() for row in rows} == set(days)
    assert all(row[2] is None or row[2] > row[1] for row in rows)
    assert 0.05 < sum(row[2] is None for row in rows) / len(rows) < 0.15
    assert {row[3] for row in rows} == {1, 2, 3, 4, 5}
    assert len({row[4] for row in rows}) == len(rows)
    assert all(len({row[0] for row in s}) == len(s) for s in shards.values())
    starts = {row[1] for row in shards["city 1"]}
    midnight = dt.datetime.combine(LAST, dt.time())
    assert midnight in starts
    assert midnight + dt.timedelta(days=1) - MICROSECOND in starts
    filled = sum(1 for s in shards.values() for day in days if on_day(s, day))
    assert 70 <= filled < 75, "without an empty day nobody sees one skipped"
    assert len(rows) == 50 * filled
    assert f"{len(rows):,} rows in 15 shards" in done.stdout


def on_day(rows: list[Row], day: dt.date) -> list[Row]:
    return [row for row in rows if row[1].date() == day]


def test_the_same_seed_repeats_the_same_orders(small: SandboxProcess) -> None:
    fill(small, "--days", DAYS, "--rows", "20")
    first = all_orders(small)
    fill(small, "--days", DAYS, "--rows", "20")
    assert all_orders(small) == first
    fill(small, "--days", DAYS, "--rows", "20", "--seed", "8")
    other = all_orders(small)
    for name, rows in other.items():
        again = {row[4] for row in on_day(rows, LAST)}
        assert again.isdisjoint(row[4] for row in on_day(first[name], LAST))


def test_filling_replaces_its_own_days_only(small: SandboxProcess) -> None:
    fill(small, "--days", DAYS, "--rows", "20")
    before = all_orders(small)
    fill(small, "--days", str(LAST), "--rows", "5")
    after = all_orders(small)
    for name, rows in after.items():
        assert on_day(rows, FIRST) == on_day(before[name], FIRST)
        assert len(on_day(rows, LAST)) in (0, 5)


def test_calls_and_rates_are_about_the_orders_of_their_day(
    small: SandboxProcess,
) -> None:
    done = fill(small, "--days", DAYS, "--rows", "40", table="all")
    assert done.returncode == 0, done.stderr
    for shard in SHARDS:
        known = {row[0]: row for row in orders(small, shard.server, shard.name)}
        calls = query(small, shard.server, shard.name, "SELECT * FROM dbo.Calls")
        rates = query(small, shard.server, shard.name, "SELECT * FROM dbo.Rates")
        assert len({call[0] for call in calls}) == len(calls) > 0
        about = [call for call in calls if call[2] is not None]
        assert 0 < len(about) < len(calls)
        for _, started, order_id, duration, answered in about:
            assert started >= known[order_id][1]
            assert started.date() == known[order_id][1].date()
            assert (duration > 0) == answered
        assert len({rate[0] for rate in rates}) == len(rates) > 0
        for _, rated, order_id, score, _ in rates:
            assert rated >= known[order_id][2]
            assert rated.date() == known[order_id][1].date()
            assert 1 <= score <= 5
    everywhere = [
        row
        for shard in SHARDS
        for row in query(
            small, shard.server, shard.name, "SELECT comment FROM dbo.Rates"
        )
    ]
    assert {None, "", "Great ride 👍"} <= {comment for (comment,) in everywhere}


def test_a_csv_fills_a_database_for_each_value_of_a_column(
    small: SandboxProcess, trips: Path, tmp_path: Path
) -> None:
    shards_out = tmp_path / "made.csv"
    done = fill_csv(
        small,
        trips,
        *("--empty-shard", "No zone", "--server", "mssql_1"),
        *("--shards-out", str(shards_out)),
    )
    assert done.returncode == 0, done.stderr
    assert "5 rows in 4 shards, 5 shard days" in done.stdout
    names = ["007", "Lenox Hill/West", "No zone", "St. George's"]
    assert read_shards(shards_out) == [Shard("mssql_1", name) for name in names]
    first, third = orders(small, "mssql_1", "Lenox Hill/West")
    assert shown(first) == (1, "2019-03-01 00:00:00", "2019-03-01 00:10:00", 1)
    assert shown(third) == (3, "2019-03-02 10:00:00", "None", 1)
    (george,) = orders(small, "mssql_1", "St. George's")
    assert shown(george)[1] == "2019-03-01 23:59:59.999999"
    assert [row[0] for row in orders(small, "mssql_1", "No zone")] == [5]


def test_a_csv_fills_any_of_the_tables(small: SandboxProcess, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(f"zone,moment,words\nSoho,2019-03-01 10:00:00,{'👍' * 200}\n")
    maps = ("id=1", "rated=moment", "order_id=7", "score=5", "comment=words")
    options = ("--csv", str(file), "--shard-column", "zone")
    done = fill(small, *options, *(f"--map={one}" for one in maps), table="rates")
    assert done.returncode == 0, done.stderr
    rows = query(small, "mssql_0", "Soho", "SELECT score, comment FROM dbo.Rates")
    assert rows == [(5, "👍" * 200)]
    too_long = (*maps[:-1], "comment=words || '!'")
    done = fill(small, *options, *(f"--map={one}" for one in too_long), table="rates")
    assert (done.returncode, "does not fit nvarchar(400)" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "options",
    [
        ("--csv", "x.csv", "--shard-column", "zone", "--empty-shard", ""),
        ("--csv", "x.csv", "--shard-column", "zone", "--shards-out", "none/x.csv"),
        ("--days", DAYS, "--shards-out", "x.csv"),
        ("--days", "2019-03-14..2019-03-11"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_filled(
    small: SandboxProcess, options: tuple[str, ...]
) -> None:
    assert fill(small, *options).returncode == 2


def test_a_csv_filled_again_does_not_double(small: SandboxProcess, trips: Path) -> None:
    for _ in range(2):
        done = fill_csv(small, trips, "--empty-shard", "none")
        assert done.returncode == 0, done.stderr
    assert len(orders(small, "mssql_0", "Lenox Hill/West")) == 2


def test_the_table_is_declared_as_the_product_expects_it(
    small: SandboxProcess,
) -> None:
    fill(small, "--days", DAYS, "--rows", "1")
    columns = query(
        small,
        "mssql_0",
        "city 0",
        "SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE FROM INFORMATION_SCHEMA.COLUMNS"
        " WHERE TABLE_NAME = 'Orders' ORDER BY ORDINAL_POSITION",
    )
    assert columns == [
        ("id", "bigint", "NO"),
        ("start_time", "datetime2", "NO"),
        ("end_time", "datetime2", "YES"),
        ("type", "int", "NO"),
        ("data", "uniqueidentifier", "NO"),
    ]


@pytest.mark.parametrize(
    ("maps", "complaint"),
    [
        ({}, "1 rows name no shard; give --empty-shard NAME"),
        ({"type": "nonesuch"}, '"nonesuch" not found'),
        ({"type": "zone"}, "type: 'Lenox Hill/West' does not fit int"),
        ({"type": "1.5"}, "type: '1.5' does not fit int"),
        ({"type": ""}, "no expression is given for type"),
        ({"colour": "1"}, "the table has no column colour"),
        ({"id": "1"}, "has 1 twice"),
        ({"start_time": "ended"}, "start_time: 1 rows have no value"),
        ({"id": "1, 2"}, "single expression"),
        ({"data": "paid"}, "data: 'cash' does not fit uniqueidentifier"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_a_fault_is_one_line_and_fills_nothing(
    small: SandboxProcess, trips: Path, maps: dict[str, str], complaint: str
) -> None:
    before = orders(small, "mssql_2", GEORGE)
    empty_shard = ("--empty-shard", "none") if maps else ()
    done = fill_csv(small, trips, "--server", "mssql_2", *empty_shard, **maps)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert orders(small, "mssql_2", GEORGE) == before


def test_a_missing_file_or_column_or_sandbox_is_one_line(
    small: SandboxProcess, trips: Path, tmp_path: Path
) -> None:
    missing = fill_csv(small, tmp_path / "nonesuch.csv")
    assert (missing.returncode, "no such file" in missing.stderr) == (1, True)
    column = fill_csv(small, trips, "--shard-column", "borough")
    assert (column.returncode, '"borough"' in column.stderr) == (1, True)
    sandbox = fill(small, "--days", DAYS, "--addresses", str(tmp_path / "none.json"))
    assert (sandbox.returncode, "no sandbox is running" in sandbox.stderr) == (1, True)
    for done in (missing, column):
        assert len(done.stderr.splitlines()) == 1


def test_an_expression_reads_no_other_file(
    small: SandboxProcess, trips: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("42", encoding="utf-8")
    read = f"(SELECT content FROM read_text('{secret}'))::INT"
    done = fill_csv(small, trips, type=read)
    assert (done.returncode, "Permission Error" in done.stderr) == (1, True)


def test_two_names_that_differ_in_case_only_are_refused(
    small: SandboxProcess, tmp_path: Path
) -> None:
    file = tmp_path / "trips.csv"
    file.write_text("zone,began,ended,paid\nSoho,2019-03-01,,x\nSOHO,2019-03-01,,x\n")
    done = fill_csv(small, file)
    assert done.returncode == 1
    assert "case alone does not make two databases" in done.stderr


@pytest.mark.long
def test_the_real_trips_fill_one_shard_a_pickup_zone(
    small: SandboxProcess, taxis: Path, tmp_path: Path
) -> None:
    shards_out = tmp_path / "zones.csv"
    done = fill(
        small,
        *("--csv", str(taxis), "--shard-column", "pickup_zone", "--server", "mssql_2"),
        *("--empty-shard", "No zone", "--shards-out", str(shards_out)),
        *("--map", "id=row_number() OVER ()", "--map", "start_time=pickup"),
        *("--map", "end_time=dropoff", "--map", "type=coalesce(len(payment), 0)"),
        *("--map", "data=md5(concat_ws('|', pickup, dropoff, total))::UUID"),
    )
    assert done.returncode == 0, done.stderr
    assert "6,433 rows in 195 shards" in done.stdout
    assert len(read_shards(shards_out)) == 195
    with taxis.open() as file:
        times = sorted(
            (row["pickup"], row["dropoff"])
            for row in csv.DictReader(file)
            if not row["pickup_zone"]
        )
    rows = orders(small, "mssql_2", "No zone")
    assert sorted((str(row[1]), str(row[2])) for row in rows) == times
