"""`shardline verify` finds and names what differs, and mends it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.kit.project import Project, finished, insert, orders
from tests.kit.type_cases import CASES

DAY, NEXT = "2019-03-14", "2019-03-15"
RANGE = ("--from", DAY, "--to", NEXT)


@dataclass
class Verified:
    """What `shardline verify` found."""

    code: int
    kinds: list[tuple[str, str, str]]
    details: list[str]
    after: Any


def verify(project: Project, *options: str) -> Verified:
    result = project.run("shardline", "verify", *RANGE, *options, "--json")
    assert result.err == ""
    found = json.loads(result.out)
    each = found["differences"]
    kinds = [(one["day"], one["shard"], one["kind"]) for one in each]
    details = [one["detail"] for one in each]
    return Verified(result.code, kinds, details, found["after_reload"])


@pytest.fixture
def loaded(project: Project) -> Project:
    """Two shards whose two days are loaded."""
    for name in ("kazan", "moscow"):
        shard = project.add_shard(name)
        insert(project, shard, orders(20, DAY))
        insert(project, shard, orders(20, NEXT, first=101))
    assert project.load(DAY, NEXT).code == 0
    return project


def in_source(project: Project, shard: str) -> list[tuple[object, ...]]:
    return project.on_shard(
        shard, "SELECT id, start_time, end_time, type, data FROM dbo.Orders ORDER BY id"
    )


def delete_a_row(project: Project, shard: str) -> None:
    project.on_warehouse(
        f"DELETE FROM {project.target} WHERE id = 3 AND etl_source = '{shard}'"
    )


def duplicate_a_row(project: Project, shard: str) -> None:
    project.on_warehouse(
        f"INSERT INTO {project.target} SELECT * FROM {project.target}"
        f" WHERE id = 3 AND etl_source = '{shard}'"
    )


def change_a_value_in_the_source(project: Project, shard: str) -> None:
    project.on_shard(shard, "UPDATE dbo.Orders SET type = 99 WHERE id = 3")


def add_a_row_to_the_source(project: Project, shard: str) -> None:
    insert(project, shard, orders(1, DAY, first=50))


def delete_the_marker(project: Project, shard: str) -> None:
    project.on_warehouse(
        f"DELETE FROM stage.markers WHERE \"target_table\" = '{project.target}'"
        f" AND \"source\" = '{shard}' AND \"day\" = DATE '{DAY}'"
    )


def add_an_orphan(project: Project, shard: str) -> None:
    project.on_warehouse(
        f"INSERT INTO {project.target} SELECT 999, start_time, end_time, type, data,"
        f" etl_source, 17, 4711 FROM {project.target}"
        f" WHERE id = 3 AND etl_source = '{shard}'"
    )


def delete_it_all(project: Project, shard: str) -> None:
    delete_the_marker(project, shard)
    project.on_warehouse(
        f"DELETE FROM {project.target} WHERE id < 100 AND etl_source = '{shard}'"
    )


FAULTS = {
    delete_a_row: ("deleted rows", "tells of 20 rows, the warehouse has 19"),
    duplicate_a_row: ("duplicated rows", "has 21, of 20 different keys"),
    change_a_value_in_the_source: ("changed in the source", "values of its 20 rows"),
    add_a_row_to_the_source: (
        "changed in the source",
        "20 were loaded, it has 21",
    ),
    delete_the_marker: ("no marker", "20 orphaned rows, and no marker"),
    add_an_orphan: ("orphans", "1 rows of other sessions"),
    delete_it_all: ("not loaded", "neither a marker nor rows"),
}


def test_what_differs_is_named_and_mended(project: Project) -> None:
    """Every fault in a shard of its own, and one shard without."""
    faults = {fault.__name__: fault for fault in FAULTS}
    for shard in (*faults, "sound"):
        project.add_shard(shard)
        insert(project, shard, orders(20, DAY))
        insert(project, shard, orders(20, NEXT, first=101))
    assert project.load(DAY, NEXT).code == 0
    for shard, fault in faults.items():
        fault(project, shard)
    found = verify(project, "--reload", "--workers", "2")
    told = dict(zip(found.kinds, found.details, strict=True))
    assert set(told) == {
        (DAY, fault.__name__, kind) for fault, (kind, _) in FAULTS.items()
    }
    for fault, (kind, detail) in FAULTS.items():
        assert detail in told[DAY, fault.__name__, kind]
    assert found.after == {"differences": [], "failures": []}
    assert found.code == 0
    for shard in (*faults, "sound"):
        assert project.rows(shard) == in_source(project, shard)
    assert verify(project, "--deep") == Verified(0, [], [], None)


def test_a_row_whose_date_moved_after_its_load_is_named_under_its_days(
    project: Project,
) -> None:
    insert(project, project.add_shard("moscow"), orders(20, DAY))
    assert project.load(DAY).code == 0
    project.on_shard(
        "moscow", f"UPDATE dbo.Orders SET start_time = '{NEXT}T10:00:00' WHERE id = 7"
    )
    assert project.load(NEXT).code == 0
    assert [row[0] for row in project.rows("moscow")].count(7) == 2
    found = verify(project, "--reload")
    assert found.kinds == [
        (DAY, "moscow", "changed in the source"),
        (DAY, "moscow", "moved row"),
    ]
    assert f"id 7 is under {NEXT} too" in found.details
    assert found.code == 0
    assert project.rows("moscow") == in_source(project, "moscow")


def test_values_are_compared_one_by_one_by_reading_them_back(loaded: Project) -> None:
    loaded.on_warehouse(
        f"UPDATE {loaded.target} SET type = 77 WHERE id = 3 AND etl_source = 'moscow'"
    )
    shallow = loaded.run("shardline", "verify", *RANGE)
    assert (shallow.code, shallow.err) == (0, "")
    assert shallow.out == "compared 4 days of shards, 80 rows: 0 differ\n"
    insert(loaded, "moscow", orders(30, DAY, first=30))
    before = loaded.rows("moscow")
    deep = loaded.run("shardline", "verify", *RANGE, "--deep")
    assert deep.code == 30
    lines = deep.out.splitlines()
    where = f"orders {DAY} moscow: "
    assert (
        lines[0] == f"{where}changed in the source: 20 were loaded, it has 50 rows now"
    )
    assert lines[1:3] == [
        f"{where}other values: id 3: type is 2 in the source and 77 in the warehouse",
        f"{where}other values: id 30 is only in the source",
    ]
    assert f"{where}other values: and 21 more" in lines
    assert lines[-1] == "compared 4 days of shards, 110 rows: 1 differ"
    assert loaded.rows("moscow") == before


@pytest.mark.long
def test_a_day_that_another_run_loads_meanwhile_is_not_judged(
    loaded: Project,
) -> None:
    add_a_row_to_the_source(loaded, "moscow")
    process = loaded.start(
        "shardline", "verify", *RANGE, "--shards", "moscow", paused=True
    )
    hold = loaded.hold(process, "extract")
    loaded.sandbox.control.wait(hold)
    again = ("--from", DAY, "--to", DAY, "--shards", "moscow", "--reload")
    assert loaded.run("shardline", "backfill", *again).code == 0
    loaded.sandbox.control.remove(hold)
    result = finished(process)
    assert result.code == 0, result.out
    assert "1 days of shards were loaded meanwhile, and not judged" in result.err


def test_a_shard_that_is_unknown_or_cannot_be_read_is_named(loaded: Project) -> None:
    loaded.shards = [
        (server, name, "gone") for server, name, _ in loaded.shards if name == "moscow"
    ]
    result = loaded.run("shardline", "verify", *RANGE)
    assert result.code == 30
    unknown = "unknown shard: 20 rows, and the catalog has no such shard"
    assert result.out.splitlines() == [
        f"orders {DAY} kazan: {unknown}",
        f"orders {NEXT} kazan: {unknown}",
        "compared 0 days of shards, 0 rows: 2 differ, 1 failed",
    ]
    (line,) = result.told
    assert line.startswith(f"orders {DAY} to {NEXT} moscow: ")
    assert "gone" in line


def test_a_shard_that_cannot_be_read_counts_although_another_was_mended(
    loaded: Project,
) -> None:
    delete_a_row(loaded, "kazan")
    loaded.shards = [
        (server, name, "gone" if name == "moscow" else own)
        for server, name, own in loaded.shards
    ]
    found = verify(loaded, "--reload")
    assert found.kinds == [(DAY, "kazan", "deleted rows")]
    assert found.after == {"differences": [], "failures": []}
    assert found.code == 30


def test_values_of_every_type_are_read_back_as_they_were_loaded(
    project: Project,
) -> None:
    """Reading back must not make differences of its own."""
    cases = [case for case in CASES if not case.in_vertica.startswith("long")]
    cases += [case for case in CASES if case.declared == "nvarchar(max)"]
    declared = [case.declared.removesuffix(" null") for case in cases]
    project.tables = (
        '[orders]\nquery = "SELECT * FROM dbo.T"\ndate_column = "at"\nkey = "id"\n'
        'target = "{schema}.orders"\n[orders.columns]\nid = "int"\nat = "datetime2"\n'
        + "".join(f'c{at} = "{kind} null"\n' for at, kind in enumerate(declared))
    )
    columns = "".join(f", c{at} {kind} NULL" for at, kind in enumerate(declared))
    ddl = f"CREATE TABLE dbo.T (id int NOT NULL, at datetime2 NOT NULL{columns})"
    shard = project.add_shard(ddl=ddl)
    for row in range(2):
        values = [list(case.values)[row % len(case.values)] for case in cases]
        project.on_shard(
            shard,
            f"INSERT INTO dbo.T VALUES ({row}, '{DAY}T10:00:00', {', '.join(values)})",
        )
    assert project.load(DAY, NEXT).code == 0
    assert verify(project, "--deep") == Verified(0, [], [], None)


def mended_beside(project: Project, loaders: int, days: int) -> None:
    """Break a shard and mend it while others are loaded; all of it must end well."""
    insert(project, project.add_shard("moscow"), orders(20, DAY))
    assert project.load(DAY).code == 0
    others = [project.add_shard(f"other {at}") for at in range(loaders)]
    dates = [f"2019-04-{at + 1:02}" for at in range(days)]
    for shard in others:
        for at, day in enumerate(dates):
            insert(project, shard, orders(10, day, first=100 * at + 1))
    delete_a_row(project, "moscow")
    change_a_value_in_the_source(project, "moscow")
    options = [word for day in dates for word in ("--date", day)]
    running = [
        project.start("shardline", "run", "orders", *options, "--shard", shard)
        for shard in others
    ]
    result = project.run(
        *("shardline", "verify", "--from", DAY, "--to", DAY),
        *("--shards", "moscow", "--deep", "--reload"),
    )
    ends = [finished(process) for process in running]
    assert result.code == 0, result.out + result.err
    assert [(end.code, end.err) for end in ends] == [(0, "")] * loaders
    for shard in ["moscow", *others]:
        assert project.rows(shard) == in_source(project, shard)
    assert len(project.markers()) == 1 + loaders * days


@pytest.mark.long
def test_a_day_is_mended_while_other_shards_are_loaded(project: Project) -> None:
    mended_beside(project, loaders=2, days=3)


@pytest.mark.long
def test_a_day_is_mended_while_ten_other_shards_are_loaded(project: Project) -> None:
    mended_beside(project, loaders=10, days=8)
