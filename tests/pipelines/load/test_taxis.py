"""Real trips, a shard for each pickup zone, some of them with odd names."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.kit.project import Project

NO_ZONE = "No zone"
PAYMENT = "CASE payment WHEN 'credit card' THEN 1 WHEN 'cash' THEN 2 ELSE 0 END"
FIRST, LAST = date(2019, 2, 28), date(2019, 3, 31)


def filled(project: Project, taxis: Path) -> list[dict[str, str]]:
    """Fill a shard for each zone, and return the trips."""
    shards = project.folder / "zones.csv"
    result = project.run(
        *("python", "-m", "sandbox", "fill", "orders"),
        *("--addresses", str(project.sandbox.home / "addresses.json")),
        *("--csv", str(taxis), "--shard-column", "pickup_zone"),
        *("--empty-shard", NO_ZONE, "--server", "mssql_2"),
        *("--map", "id=row_number() OVER ()"),
        *("--map", "start_time=pickup", "--map", "end_time=dropoff"),
        *("--map", f"type={PAYMENT}"),
        *(
            "--map",
            "data=md5(concat_ws('|', pickup, dropoff, total, pickup_zone))::uuid",
        ),
        *("--shards-out", str(shards)),
    )
    assert result.code == 0, result.err
    with shards.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            project.shards.append((row["server"], row["shard"], row["shard"]))
    with taxis.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def load_and_compare(project: Project, taxis: Path, days: list[date]) -> int:
    trips = filled(project, taxis)
    zones = Counter(trip["pickup_zone"] or NO_ZONE for trip in trips)
    assert {shard for _, shard, _ in project.shards} == set(zones)
    dates = [word for day in days for word in ("--date", day.isoformat())]
    result = project.run(
        "shardline", "run", "orders", "--workers", "2", *dates, timeout=2_400
    )
    assert (result.code, result.err) == (0, "")
    wanted = {day.isoformat() for day in days}
    expected = Counter(
        (trip["pickup_zone"] or NO_ZONE, trip["pickup"], trip["dropoff"])
        for trip in trips
        if trip["pickup"][:10] in wanted
    )
    loaded = project.on_warehouse(
        "SELECT etl_source, start_time::VARCHAR, end_time::VARCHAR"
        f" FROM {project.target}"
    )
    assert Counter(tuple(row) for row in loaded) == expected
    markers = project.markers()
    assert len(markers) == len(project.shards) * len(days)
    assert sum(int(str(marker[2])) for marker in markers) == expected.total()
    for _, shard, _ in project.shards:
        source = project.on_shard(
            shard,
            "SELECT id, start_time, end_time, type, data FROM dbo.Orders"
            " WHERE CAST(start_time AS date) >= %s AND CAST(start_time AS date) <= %s"
            " ORDER BY id",
            (days[0].isoformat(), days[-1].isoformat()),
        )
        assert project.rows(shard) == source
    return expected.total()


@pytest.mark.long
@pytest.mark.timeout(400)
def test_two_days_of_real_trips_arrive_value_by_value(
    project: Project, taxis: Path
) -> None:
    days = [date(2019, 2, 28) + timedelta(days=at) for at in range(2)]
    assert load_and_compare(project, taxis, days) > 200


@pytest.mark.long
@pytest.mark.timeout(2_500)
def test_all_real_trips_arrive_value_by_value(project: Project, taxis: Path) -> None:
    days = [FIRST + timedelta(days=at) for at in range((LAST - FIRST).days + 1)]
    assert len(days) == 32
    assert load_and_compare(project, taxis, days) == 6_433
