from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.kit.vertica_client import Client

TRIPS = """INSERT INTO trips VALUES
    ('2019-03-13', 'Omsk', 10, '2019-03-13 10:00', '2019-03-13 10:30'),
    ('2019-03-14', 'Omsk', 20, '2019-03-14 10:00', '2019-03-14 10:45:30'),
    ('2019-03-16', 'Omsk', 60.5, '2019-03-16 23:59:59', '2019-03-17 00:00:01'),
    ('2019-03-14', 'Perm', 5, '2019-03-14 10:00', NULL)"""


@pytest.fixture
def trips(client: Client) -> Client:
    client.run(
        "CREATE TABLE trips (day DATE, city VARCHAR(40), fare NUMERIC(9,2), "
        "taken TIMESTAMP, ended TIMESTAMP)"
    )
    client.run(TRIPS)
    return client


@pytest.mark.parametrize(
    ("expression", "answers"),
    [
        ("SUM(fare) OVER (ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
         [10, 30, Decimal("80.5")]),
        ("COUNT(*) OVER (ORDER BY day RANGE INTERVAL '2 days' PRECEDING)", [1, 2, 2]),
        ("fare - LAG(fare) OVER (ORDER BY day)", [None, 10, Decimal("40.5")]),
        ("LEAD(fare, 1, 0) OVER (ORDER BY day)", [20, Decimal("60.5"), 0]),
        ("FIRST_VALUE(fare) OVER w", [10, 10, 10]),
        ("LAST_VALUE(fare IGNORE NULLS) OVER w", [10, 20, Decimal("60.5")]),
        ("NTILE(2) OVER w", [1, 1, 2]),
        ("RANK() OVER (ORDER BY fare DESC)", [3, 2, 1]),
        ("ROUND(100 * fare / SUM(fare) OVER (), 1)",
         [Decimal("11.0"), Decimal("22.1"), Decimal("66.9")]),
        ("PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY fare) OVER (PARTITION BY city)",
         [52.4, 52.4, 52.4]),
        ("MEDIAN(fare) OVER (PARTITION BY city)", [20.0, 20.0, 20.0]),
        ("PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY fare) OVER ()", [20, 20, 20]),
    ],
)  # fmt: skip
def test_window_functions_see_their_frames(
    trips: Client, expression: str, answers: list[Any]
) -> None:
    rows = trips.run(
        f"SELECT {expression} FROM trips WHERE city = 'Omsk' "
        "WINDOW w AS (ORDER BY day) ORDER BY day"
    )
    assert [answer for (answer,) in rows] == answers


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("DATE_TRUNC('week', DATE '2019-03-14')", datetime(2019, 3, 11)),
        ("TIMESTAMPDIFF('second', MIN(taken), MAX(ended))", 309_601),
        ("TIMESTAMPDIFF(MINUTE, MAX(taken), MAX(ended))", 1),
        ("DATEDIFF('day', MIN(taken), MAX(ended))", 4),
        ("DATEDIFF(month, DATE '2019-01-31', DATE '2019-03-01')", 2),
        ("EXTRACT(EPOCH FROM MIN(ended) - MIN(taken))", 1800.0),
        ("TIMESTAMPADD(DAY, 2, MIN(taken))", datetime(2019, 3, 15, 10)),
        ("MAX(day) - MIN(day)", 3),
        ("DAYOFWEEK(MIN(day))", 4),
        ("DAYOFWEEK_ISO(MIN(day))", 3),
        ("WEEK(DATE '2019-01-06')", 2),
        ("WEEK_ISO(DATE '2019-01-06')", 1),
        ("TO_TIMESTAMP(86400.5)", datetime(1970, 1, 2, 0, 0, 0, 500_000)),
        ("APPROXIMATE_PERCENTILE(fare USING PARAMETERS percentile=0.5)", 15.0),
        ("APPROXIMATE_MEDIAN(fare)", 15.0),
        ("APPROXIMATE_COUNT_DISTINCT(city)", 2),
        ("COUNT(DISTINCT city)", 2),
        ("NULLIFZERO(COUNT(*) - 4)", None),
        ("ZEROIFNULL(SUM(NULL::INT))", 0),
        ("CASE WHEN COUNT(*) > 3 THEN 'many' ELSE 'few' END", "many"),
        ("AVG(fare)", 23.875),
        ("COUNT(*) / COUNT(DISTINCT city)", Decimal(2)),
    ],
)
def test_functions_of_reports_answer_as_vertica_s(
    trips: Client, expression: str, answer: object
) -> None:
    assert trips.run(f"SELECT {expression} FROM trips LIMIT 1") == [[answer]]


def test_the_first_rows_of_each_group_are_limited_over_it(trips: Client) -> None:
    rows = trips.run(
        "SELECT city, day FROM trips "
        "LIMIT 1 OVER (PARTITION BY city ORDER BY fare DESC)"
    )
    assert sorted(rows) == [["Omsk", date(2019, 3, 16)], ["Perm", date(2019, 3, 14)]]


@pytest.mark.parametrize(
    ("query", "sqlstate"),
    [
        ("SELECT MEDIAN(fare) FROM trips", "42883"),
        ("SELECT city, MEDIAN(fare) FROM trips GROUP BY city", "42883"),
        ("SELECT PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY fare) FROM trips",
         "42883"),
        ("SELECT MEDIAN(fare) OVER (ORDER BY day) FROM trips", "42601"),
        ("SELECT SUM(fare) FILTER (WHERE city = 'Omsk') FROM trips", "42601"),
        ("SELECT APPROXIMATE_PERCENTILE(fare) FROM trips", "42883"),
        ("SELECT DATEDIFF('fortnight', day, day) FROM trips", "0A000"),
    ],
)  # fmt: skip
def test_what_vertica_has_only_otherwise_is_refused(
    trips: Client, query: str, sqlstate: str
) -> None:
    assert trips.fails(query)[0] == sqlstate


def test_columns_are_titled_by_the_function_as_written(trips: Client) -> None:
    trips.run("SELECT NVL(SUM(fare), 0), INSTR('ab', 'b'), SUM(fare) OVER w FROM trips "
              "GROUP BY fare WINDOW w AS ()")  # fmt: skip
    titles = [column.name for column in trips.cursor.description]
    assert titles == ["nvl", "instr", "?column?"]


def test_a_subquery_s_columns_keep_their_types(trips: Client) -> None:
    trips.run(
        "WITH a AS (SELECT city, fare AS price FROM trips) "
        "SELECT x.city, MAX(price) OVER (), MIN(city) OVER () FROM (SELECT * FROM a) x"
    )
    described = [
        (c.name, c.display_size, c.precision) for c in trips.cursor.description
    ]
    assert described == [
        ("city", 40, None),
        ("?column?", 11, 9),
        ("?column?", 40, None),
    ]


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("1 / 2", "Numeric"),
        ("COUNT(*) / SUM(COUNT(*)) OVER ()", "Numeric"),
        ("SUM(fare) / 3", "Numeric"),
        ("AVG(fare) / 3", "Float"),
        ("SUM(fare) / 3::FLOAT", "Float"),
        ("(MAX(ended) - MIN(taken)) / 2", "Interval Day to Second"),
        ("7 // 2", "Integer"),
    ],
)
def test_a_quotient_s_type_follows_its_operands(
    trips: Client, expression: str, kind: str
) -> None:
    trips.run(f"SELECT {expression} FROM trips")
    assert trips.cursor.description[0].type_name == kind


@pytest.mark.parametrize("zero", ["0", "0.0", "0::FLOAT", "COUNT(*) - 4"])
def test_dividing_by_zero_fails_for_every_type(trips: Client, zero: str) -> None:
    for dividend in ("COUNT(*)", "SUM(fare)", "AVG(fare)"):
        fault = trips.fails(f"SELECT {dividend} / ({zero}) FROM trips")
        assert fault == ("22012", 3117)


numbers = st.integers(-(2**63) + 1, 2**63 - 1) | st.decimals(
    -(10**13), 10**13, places=4, allow_nan=False
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(left=Decimal("1610.4818"), right=127_116_928_490_893)
@given(left=numbers, right=numbers.filter(bool))
def test_quotients_are_exact_to_eighteen_places(
    client: Client, left: int | Decimal, right: int | Decimal
) -> None:
    with localcontext() as context:
        context.prec = 80
        exact = (Decimal(left) / Decimal(right)).quantize(
            Decimal(1).scaleb(-18), ROUND_HALF_UP
        )
    if abs(exact) < Decimal(10) ** 20:
        assert client.run(f"SELECT ({left}) / ({right})") == [[exact]]
