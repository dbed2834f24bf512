"""A report that cannot be refreshed is told in a line; nothing else waits for it."""

from __future__ import annotations

from tests.kit.project import finished
from tests.kit.reporting import Reporting, refreshed

EARLIER, DAY = "2019-03-13", "2019-03-14"
ENTRY = """
[NAME]
title = "Orders"
tables = ["orders"]
target = "{schema}.NAME"
sql = "NAME.sql"
headline = { label = "orders", sql = "SUM(orders)", format = ",.0f" }
columns = { day = "DATE", orders = "INTEGER" }
"""
GOOD = """
SELECT start_time::DATE AS day, COUNT(*) AS orders
FROM {{ tables.orders }}
WHERE etl_source IN ({{ var.cities.of['the north'] }}) GROUP BY 1
"""
REPORTS = ("good", "unknown", "failing")
CITIES = '{"of": {"the north": ["abakan", "o\'hara"]}}'


def test_a_wrong_template_and_wrong_sql_leave_the_loads_and_the_other_reports_alone(
    reporting: Reporting,
) -> None:
    reporting.reports = "".join(ENTRY.replace("NAME", name) for name in REPORTS)
    reporting.options["variables"] = {"cities": CITIES}
    for name in REPORTS:
        (reporting.folder / f"{name}.sql").write_text(GOOD, encoding="utf-8")
    for shard in ("abakan", "o'hara", "chita"):
        reporting.add_tables(shard)
        reporting.fill(shard, EARLIER, rows=2, first=1)
        reporting.fill(shard, DAY, rows=3, first=11)
    assert reporting.refresh(EARLIER).out == f"reports {EARLIER}: {refreshed(3)}\n"
    for name in REPORTS:
        assert [row[1] for row in reporting.report(name)] == [4]

    unknown = GOOD.replace("var.cities", "var.citys")
    failing = GOOD.replace("COUNT(*)", "MAX(('x' || id)::INTEGER)")
    (reporting.folder / "unknown.sql").write_text(unknown, encoding="utf-8")
    (reporting.folder / "failing.sql").write_text(failing, encoding="utf-8")
    result = reporting.refresh(DAY)
    assert result.code == 30
    assert result.out == (
        f"reports {DAY}: {refreshed(1, stale=['unknown', 'failing'])}\n"
    )
    of_unknown, of_failing = sorted(result.told, reverse=True)
    assert of_unknown.startswith(
        f"unknown {DAY}: unknown.sql line 4: unknown variable var.citys: "
    )
    assert "perhaps cities was meant" in of_unknown
    assert "; give it as SHARDLINE_VARIABLE_CITYS" in of_unknown
    assert of_failing.startswith(f"failing {DAY}: Vertica: ")
    assert "SQLSTATE 22" in of_failing
    assert len(reporting.markers()) == 6
    assert [row[1] for row in reporting.report("good")] == [4, 6]
    for name in ("unknown", "failing"):
        assert [row[1] for row in reporting.report(name)] == [4]
    by_luigi = reporting.run(
        *("luigi", "--module", "pipelines.reports", "RefreshReport"),
        *("--report", "unknown", "--date", DAY, "--local-scheduler"),
    )
    assert (by_luigi.code, by_luigi.last_line) == (30, of_unknown)

    for name in REPORTS:
        (reporting.folder / f"{name}.sql").write_text(GOOD, encoding="utf-8")
    mended = reporting.refresh(DAY)
    assert (mended.code, mended.err) == (0, "")
    assert mended.out == f"reports {DAY}: {refreshed(2, fresh=1)}\n"
    for name in REPORTS:
        assert [row[1] for row in reporting.report(name)] == [4, 6]


def test_a_load_that_is_cleared_before_the_report_is_filled_leaves_the_old_one(
    reporting: Reporting,
) -> None:
    shards = [reporting.add_tables(), reporting.add_tables()]
    for at, shard in enumerate(shards):
        reporting.fill(shard, EARLIER, rows=2, first=1 + 100 * at)
        reporting.fill(shard, DAY, rows=3, first=11 + 100 * at)
    report = "daily_orders"
    assert reporting.refresh(EARLIER, report).code == 0
    assert reporting.load(DAY).code == 0
    old = reporting.report(report)
    control = reporting.sandbox.control
    process = reporting.start_refresh(DAY, report, paused=True)
    hold = control.hold(
        rf'^DELETE FROM "\w+"."{report}"$', server="vertica", client_pid=process.pid
    )
    process.resume()
    control.wait(hold)
    reporting.forget("orders", shards[0], DAY)
    control.release("go", hold=hold)
    control.remove(hold)
    result = finished(process)
    assert result.code != 0
    assert "orders" in result.last_line
    assert shards[0] in result.last_line
    assert reporting.report(report) == old
