"""Moments and intervals: as literals, by templates, and in slices of time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st
from vertica_python import errors

from sandbox.vertica.interval_values import read_interval
from sandbox.vertica.types import interval
from tests.kit.vertica_client import Client

if TYPE_CHECKING:
    from tests.kit.vertica_client import Vertica


@pytest.mark.parametrize(
    ("text", "template", "moment"),
    [
        ("1985-10-25", "YYYY-MM-DD", datetime(1985, 10, 25)),
        ("1985-10-25 BC", "YYYY-MM-DD", datetime(1985, 10, 25)),
        ("1985-10-25 AD", "YYYY-MM-DD BC", datetime(1985, 10, 25)),
        ("1985-10-25", "YYYY-MM-DD AD", datetime(1985, 10, 25)),
        ("19851025133017", "YYYYMMDDHH24MISS", datetime(1985, 10, 25, 13, 30, 17)),
        ("05/15/16 01:02 PM", "MM/DD/YY HH12:MI AM", datetime(2016, 5, 15, 13, 2)),
        ("12 a.m. 1.2.70", "HH A.M. DD.MM.YY", datetime(1970, 2, 1)),
        ("7-MAR-2019", "DD-MON-YYYY", datetime(2019, 3, 7)),
        ("2019 032", "YYYY DDD", datetime(2019, 2, 1)),
        ("2019", "YYYY", datetime(2019, 1, 1)),
        ("10:00:00.5", "HH24:MI:SS.MS", datetime(1, 1, 1, 10, 0, 0, 500_000)),
        ("1.000042", "SS.US", datetime(1, 1, 1, 0, 0, 1, 42)),
        ("2016-05-15 13:15:17.789 UTC", "YYYY-MM-DD HH:MI:SS.MS TZ",
         datetime(2016, 5, 15, 13, 15, 17, 789_000)),
    ],
)  # fmt: skip
def test_a_template_reads_what_it_names(
    client: Client, text: str, template: str, moment: datetime
) -> None:
    query = f"SELECT TO_TIMESTAMP('{text}', '{template}'), TO_DATE(:t, '{template}')"
    client.cursor.execute(query, {"t": text})
    assert client.cursor.fetchall() == [[moment, moment.date()]]
    zoned = client.run(f"SELECT TO_TIMESTAMP_TZ('{text}', '{template}')")
    assert zoned == [[moment.replace(tzinfo=UTC)]]


@pytest.mark.parametrize("template", ["YYYY-MM-DD BC", "YYYY-MM-DD A.D."])
def test_a_date_before_christ_is_more_than_python_s(
    client: Client, template: str
) -> None:
    written = "1985-10-25 " + ("B.C." if "." in template else "BC")
    with pytest.raises(errors.NotSupportedError, match="BC"):
        client.run(f"SELECT TO_DATE('{written}', '{template}')")
    compared = f"TO_DATE('{written}', '{template}') = DATE '1985-10-25 BC'"
    assert client.run(f"SELECT {compared}") == [[True]]


@pytest.mark.parametrize(
    ("call", "sqlstate"),
    [
        ("TO_DATE('x', 'YYYY')", "22007"),
        ("TO_DATE('2019-02-30', 'YYYY-MM-DD')", "22003"),
        ("TO_DATE('2019', 'YYYY YYYY')", "0A000"),
        ("TO_DATE('2019', '--')", "0A000"),
        ("TO_DATE('2019', 'YY' || 'YY')", "0A000"),
        ("TO_TIMESTAMP('10 CET', 'HH TZ')", "0A000"),
    ],
)
def test_a_template_that_does_not_fit_is_refused(
    client: Client, call: str, sqlstate: str
) -> None:
    assert client.fails(f"SELECT {call}")[0] == sqlstate


INTERVALS = [
    ("INTERVAL YEAR", "1y 10m", relativedelta(years=1)),
    ("INTERVAL YEAR TO MONTH", "1 2", relativedelta(years=1, months=2)),
    ("INTERVAL YEAR TO MONTH", "-1-2", relativedelta(years=-1, months=-2)),
    ("INTERVAL MONTH", "1y 10m", relativedelta(years=1, months=10)),
    ("INTERVAL DAY", "1y 10m", relativedelta(days=365)),
    ("INTERVAL DAY TO HOUR", "1 22", relativedelta(days=1, hours=22)),
    ("INTERVAL HOUR TO MINUTE", "1 3", relativedelta(hours=1, minutes=3)),
    ("INTERVAL MINUTE TO SECOND", "3:04.5",
     relativedelta(minutes=3, seconds=4, microseconds=500_000)),
    ("INTERVAL MINUTE", "15 mins 20 sec", relativedelta(minutes=15)),
    ("INTERVAL DAY TO SECOND", "2 days 1235 milliseconds ago",
     relativedelta(days=-2, seconds=-1, microseconds=-235_000)),
    ("INTERVAL DAY TO SECOND", "-1 02:03",
     relativedelta(days=-1, hours=-2, minutes=-3)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "value"), INTERVALS)
def test_intervals_are_read_by_their_fields(
    client: Client, kind: str, text: str, value: relativedelta
) -> None:
    client.run(f"CREATE TABLE t (a {kind})")
    client.run(f"INSERT INTO t VALUES ('{text}')")
    client.copy("COPY t FROM STDIN", text)
    client.cursor.execute(
        "INSERT INTO t VALUES (?)", [text], use_prepared_statements=True
    )
    client.run(f"INSERT INTO t SELECT '{text}'::{kind}")
    assert client.run("SELECT a FROM t") == [[value]] * 4
    assert client.fails("INSERT INTO t VALUES ('1 fortnight')")[0] == "22007"
    assert client.fails(f"SELECT 'soon'::{kind}")[0] == "22007"


@given(st.timedeltas(timedelta(0), timedelta(days=99_999)))
def test_an_interval_as_shown_is_read_back(span: timedelta) -> None:
    kind = interval("day", "second")
    microseconds = span // timedelta(microseconds=1)
    clock = datetime(1, 1, 1) + timedelta(
        seconds=span.seconds, microseconds=span.microseconds
    )
    shown = f"{span.days} {clock.time().isoformat()}"
    assert read_interval(shown, kind) == microseconds
    assert read_interval(f"{shown} ago", kind) == -microseconds


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'22:36:33.123956'::TIME(3)", time(22, 36, 33, 124_000)),
        ("'276-12-1 11:22:33'::TIMESTAMP", datetime(276, 12, 1, 11, 22, 33)),
        ("'2020-12-31 23:59:59.99996'::TIMESTAMP(4)", datetime(2021, 1, 1)),
        ("DATE '2019-3-4'", date(2019, 3, 4)),
        ("'2019-07-01 10:00 Europe/Berlin'::TIMETZ = '10:00+02'::TIMETZ", True),
        ("INTERVAL '1 02' DAY TO HOUR", relativedelta(days=1, hours=2)),
        ("INTERVAL '90 minutes'", relativedelta(hours=1, minutes=30)),
    ],
)
def test_literals_are_read_in_every_form_and_precision(
    client: Client, literal: str, value: object
) -> None:
    assert client.run(f"SELECT {literal}") == [[value]]


SAMPLES = """CREATE TABLE samples AS
    SELECT 1 AS p, TIMESTAMP '2019-03-01 00:00:01' AS t, 10 AS v
    UNION ALL SELECT 1, TIMESTAMP '2019-03-01 00:00:07', 20
    UNION ALL SELECT 2, TIMESTAMP '2019-03-01 00:00:03', 30"""


def test_a_time_series_fills_its_gaps(client: Client) -> None:
    client.run(SAMPLES)
    rows = client.run(
        "SELECT p, s, TS_FIRST_VALUE(v), TS_LAST_VALUE(v, 'const') FROM samples "
        "TIMESERIES s AS '3 seconds' OVER (PARTITION BY p ORDER BY t) ORDER BY p, s"
    )
    assert [(p, s.second, first, last) for p, s, first, last in rows] == [
        (1, 0, None, 10), (1, 3, 10, 10), (1, 6, 10, 20), (2, 3, 30, 30),
    ]  # fmt: skip


def test_a_time_series_makes_every_day_of_a_span(client: Client) -> None:
    days = client.run(
        "SELECT day::DATE FROM (SELECT day FROM (SELECT '2019-02-27'::TIMESTAMP AS t "
        "UNION ALL SELECT '2019-03-02'::TIMESTAMP) ends "
        "TIMESERIES day AS '1 day' OVER (ORDER BY t)) days ORDER BY 1"
    )
    assert [day.day for (day,) in days] == [27, 28, 1, 2]


def test_what_a_time_series_lacks_is_named(client: Client) -> None:
    client.run(SAMPLES)
    series = "FROM samples TIMESERIES s AS '1 second' OVER (ORDER BY t)"
    linear = f"SELECT TS_FIRST_VALUE(v, 'linear') {series}"
    assert client.fails(linear) == ("0A000", 5366)
    assert client.fails("SELECT s FROM samples TIMESERIES s AS 5 OVER ()")[0] == "42601"
    assert client.fails(
        "SELECT s FROM samples TIMESERIES s AS '1 second' OVER (PARTITION BY p)"
    ) == ("42601", 5125)


def test_clients_are_told_a_node_once_there_is_a_policy(vertica: Vertica) -> None:
    client = Client(vertica.connect())
    assert client.run("SELECT GET_LOAD_BALANCE_POLICY()") == [["NONE"]]
    said = client.run("SELECT SET_LOAD_BALANCE_POLICY('ROUNDROBIN')")
    assert "load balancing policy to: roundrobin" in said[0][0]
    balanced = Client(vertica.connect(connection_load_balance=True, tlsmode="require"))
    assert balanced.run("SELECT GET_LOAD_BALANCE_POLICY()") == [["ROUNDROBIN"]]
    assert client.fails("SELECT SET_LOAD_BALANCE_POLICY('best')")[0] == "22023"
    backup = (vertica.host, vertica.port)
    elsewhere = vertica.connect(port=1, backup_server_node=[backup])
    assert Client(elsewhere).run("SELECT 1") == [[1]]
