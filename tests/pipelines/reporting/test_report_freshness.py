"""A report is fresh while it is made from just what is loaded."""

from __future__ import annotations

import pytest
import vertica_python

from tests.kit.reporting import REPORTS, Reporting, refreshed

EARLIER, DAY = "2019-03-13", "2019-03-14"


def as_reader(project: Reporting, sql: str) -> list[list[object]]:
    """What another user of the warehouse sees."""
    at = project.sandbox.addresses.vertica
    with vertica_python.connect(
        host=at.host,
        port=at.port,
        user=f"reader_{project.schema}",
        password="",
        database=project.sandbox.addresses.database,
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(sql)
        rows: list[list[object]] = cursor.fetchall()
        return rows


def test_a_reload_makes_stale_what_depends_on_it_and_an_old_day_takes_nothing_away(
    reporting: Reporting,
) -> None:
    shards = [reporting.add_tables(name) for name in ("abakan", "чита")]
    for at, shard in enumerate(shards):
        reporting.fill(shard, EARLIER, rows=4, first=1)
        reporting.fill(shard, DAY, rows=6 + at, first=101)
    first = reporting.refresh(DAY)
    assert (first.code, first.err) == (0, "")
    assert first.out == f"reports {DAY}: {refreshed(5)}\n"
    before = {name: reporting.report(name) for name in REPORTS}
    assert {tuple(row[1:4]) for row in before["city_orders"]} == {
        ("abakan", 6, None),
        ("чита", 7, None),
    }

    reader = f"reader_{reporting.schema}"
    reporting.on_warehouse(f"CREATE USER {reader}")
    reporting.on_warehouse(f"GRANT USAGE ON SCHEMA {reporting.schema} TO {reader}")
    calls = f"{reporting.schema}.client_calls"
    reporting.on_warehouse(f"GRANT SELECT ON {calls} TO {reader}")
    reporting.forget("calls", "чита", DAY)
    reporting.on_shard("чита", "DELETE FROM dbo.Calls WHERE id = 101")
    assert reporting.run("shardline", "run", "calls", "--date", DAY).code == 0
    reload = reporting.refresh(DAY)
    assert (reload.code, reload.err) == (0, "")
    assert reload.out == f"reports {DAY}: {refreshed(1, fresh=4)}\n"
    after = {name: reporting.report(name) for name in REPORTS}
    assert {name for name in REPORTS if after[name] != before[name]} == {"client_calls"}
    seen = as_reader(reporting, f"SELECT city, calls FROM {calls} ORDER BY 1")
    assert seen == [["abakan", 6], ["чита", 6]]

    old = reporting.refresh(EARLIER)
    assert (old.code, old.out) == (0, f"reports {EARLIER}: {refreshed(5)}\n")
    for name in REPORTS:
        assert reporting.days(name) == {EARLIER, DAY}
    changes = [row[3] for row in reporting.report("city_orders")]
    assert changes == [None, None, 2, 3]
    by_luigi = reporting.run(
        *("luigi", "--module", "pipelines.reports", "RefreshReports"),
        *("--date", DAY, "--local-scheduler"),
    )
    assert by_luigi.code == 0
    assert "1 complete ones were encountered" in by_luigi.err + by_luigi.out


@pytest.mark.long
def test_a_late_shard_makes_stale_what_was_refreshed_without_it(
    reporting: Reporting,
) -> None:
    for name in ("abakan", "bad", "worse"):
        reporting.add_tables(name)
        reporting.fill(name, DAY, rows=5, first=1)
    databases = list(reporting.shards)
    for at in (1, 2):
        server, name, _ = databases[at]
        reporting.shards[at] = (server, name, f"no such database {at}")
    reports = ("city_orders", "client_calls")

    strict = reporting.refresh(DAY, *reports)
    assert strict.code == 30
    assert strict.out == f"reports {DAY}: {refreshed(0, stale=reports)}\n"
    assert len(strict.told) == 4
    assert f"orders {DAY} bad: " in strict.err
    assert f"calls {DAY} worse: " in strict.err
    assert [marker[0] for marker in reporting.markers()] == ["abakan"]

    less = reporting.refresh(DAY, *reports, "--allow-missing", "1")
    assert less.code == 20
    assert less.told == [
        f"{report} {DAY}: shards that are missing: 2, and 1 may be: {table} of bad,"
        f" {table} of worse; load them, or allow more to be missing"
        for report, table in (("city_orders", "orders"), ("client_calls", "calls"))
    ]
    assert reporting.report("city_orders") == []

    enough = reporting.refresh(DAY, *reports, "--allow-missing", "2")
    assert (enough.code, enough.err) == (0, "")
    assert enough.out == f"reports {DAY}: {refreshed(2)}\n"
    assert [row[1] for row in reporting.report("city_orders")] == ["abakan"]
    assert reporting.on_warehouse(
        f"SELECT report, missing FROM {reporting.schema}.report_markers ORDER BY 1"
    ) == [["city_orders", 2], ["client_calls", 2]]

    reporting.shards[:] = databases
    late = reporting.refresh(DAY, *reports)
    assert (late.code, late.err) == (0, "")
    assert late.out == f"reports {DAY}: {refreshed(2)}\n"
    cities = [row[1] for row in reporting.report("city_orders")]
    assert cities == ["abakan", "bad", "worse"]
