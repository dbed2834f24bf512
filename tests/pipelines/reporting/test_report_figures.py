"""The reports over real trips are what pandas makes of the file of trips."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.kit.reporting import Reporting, refreshed
from tests.kit.trip_figures import MAPPINGS, NOWHERE, reports

FIRST, LAST = date(2019, 2, 28), date(2019, 3, 31)


def fill(reporting: Reporting, taxis: Path) -> None:
    """Fill a shard for each borough with all trips."""
    shards = reporting.folder / "boroughs.csv"
    for table, mapping in MAPPINGS.items():
        result = reporting.run(
            *("python", "-m", "sandbox", "fill", table),
            *("--addresses", str(reporting.sandbox.home / "addresses.json")),
            *("--csv", str(taxis), "--shard-column", "pickup_borough"),
            *("--empty-shard", NOWHERE, "--server", "mssql_2"),
            *(
                word
                for column, sql in mapping.items()
                for word in ("--map", f"{column}={sql}")
            ),
            *("--shards-out", str(shards)),
        )
        assert result.code == 0, result.err
    with shards.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            reporting.shards.append((row["server"], row["shard"], row["shard"]))


def made(reporting: Reporting, name: str, like: pd.DataFrame) -> pd.DataFrame:
    """A report as it is in the warehouse."""
    columns = ", ".join(like.columns)
    rows = reporting.on_warehouse(
        f"SELECT {columns} FROM {reporting.schema}.{name} ORDER BY 1, 2"
    )
    frame = pd.DataFrame(rows, columns=like.columns)
    return frame.assign(day=pd.to_datetime(frame["day"]))


def load_refresh_and_compare(
    reporting: Reporting, taxis: Path, days: Sequence[date]
) -> None:
    fill(reporting, taxis)
    dates = [word for day in days for word in ("--date", day.isoformat())]
    loaded = reporting.run("shardline", "run", "all", *dates, timeout=1_000)
    assert (loaded.code, loaded.err) == (0, "")
    result = reporting.refresh(days[-1].isoformat())
    assert (result.code, result.err) == (0, "")
    assert result.out == f"reports {days[-1]}: {refreshed(5)}\n"
    for name, expected in reports(taxis, days).items():
        pd.testing.assert_frame_equal(
            made(reporting, name, expected),
            expected,
            check_dtype=False,
            check_index_type=False,
            rtol=1e-9,
            obj=name,
        )


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_reports_of_some_days_equal_what_pandas_makes_of_the_trips(
    reporting: Reporting, taxis: Path
) -> None:
    # Days are missing among them, and more than seven are between the ends.
    days = [date(2019, 2, 28), *(date(2019, 3, day) for day in (1, 4, 7, 8))]
    load_refresh_and_compare(reporting, taxis, days)


@pytest.mark.long
@pytest.mark.timeout(1_500)
def test_the_reports_of_all_days_equal_what_pandas_makes_of_the_trips(
    reporting: Reporting, taxis: Path
) -> None:
    days = [FIRST + timedelta(days=at) for at in range((LAST - FIRST).days + 1)]
    assert len(days) == 32
    load_refresh_and_compare(reporting, taxis, days)
