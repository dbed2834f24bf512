"""The five reports over real trips, worked out by pandas from the file alone.

A borough is a city. What the trips are as orders, calls and rates stands in `MAPPINGS`,
as expressions of DuckDB's that fill the shards, and here once more in pandas.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd

NOWHERE = "nowhere"
"""The city of the trips without a borough."""

NUMBER = "row_number() OVER ()"
MAPPINGS = {
    "orders": {
        "id": NUMBER,
        "start_time": "pickup",
        "end_time": "CASE WHEN payment IS NULL THEN NULL ELSE dropoff END",
        "type": "passengers",
        "data": "md5(concat_ws('|', pickup, dropoff, total, pickup_zone))::uuid",
    },
    "calls": {
        "id": NUMBER,
        "started": "pickup",
        "order_id": f"CASE WHEN color = 'green' THEN NULL ELSE {NUMBER} END",
        "duration_s": "floor(fare)::INTEGER",
        "answered": "passengers > 1",
    },
    "rates": {
        "id": NUMBER,
        "rated": "dropoff",
        "order_id": NUMBER,
        "score": "1 + passengers % 5",
        "comment": "payment",
    },
}


def reports(file: Path, days: Sequence[date]) -> dict[str, pd.DataFrame]:
    """Each report once these days are loaded, by its name, in the order of its rows.

    Args:
        file: The trips.
        days: The days, in order.
    """
    trips = pd.read_csv(file, parse_dates=["pickup", "dropoff"])
    trips["city"] = trips["pickup_borough"].fillna(NOWHERE)
    of_days = pd.DatetimeIndex(days, name="day")
    cities = pd.Index(sorted(trips["city"].unique()), name="city")
    by_pickup = trips.assign(day=trips["pickup"].dt.normalize())
    by_dropoff = trips.assign(day=trips["dropoff"].dt.normalize())
    by_pickup = by_pickup[by_pickup["day"].isin(of_days)]
    by_dropoff = by_dropoff[by_dropoff["day"].isin(of_days)]
    grid = Grid(of_days, cities)
    return {
        "city_orders": _city_orders(grid, by_pickup),
        "client_calls": _client_calls(grid, by_pickup),
        "client_rates": _client_rates(grid, by_dropoff),
        "daily_orders": _daily_orders(grid, by_pickup),
        "order_duration": _order_duration(grid, by_pickup),
    }


class Grid:
    """Tables with a row for each day and a column for each city."""

    def __init__(self, days: pd.DatetimeIndex, cities: pd.Index) -> None:
        self.days, self.cities = days, cities

    def count(self, rows: pd.DataFrame) -> pd.DataFrame:
        return self.of(rows.groupby(["day", "city"]).size()).fillna(0)

    def sum(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        return self.of(rows.groupby(["day", "city"])[column].sum()).fillna(0)

    def of(self, values: pd.Series) -> pd.DataFrame:
        wide = values.unstack("city")  # noqa: PD010 - a series has no pivot_table
        return wide.reindex(index=self.days, columns=self.cities)


def _rows(**tables: pd.DataFrame) -> pd.DataFrame:
    """The cells of tables as columns, ordered by day and city."""
    cells = {
        name: table.stack(future_stack=True)  # noqa: PD013 - a table of its own shape
        for name, table in tables.items()
    }
    return pd.DataFrame(cells).sort_index().reset_index()


def _on_day_before(table: pd.DataFrame) -> pd.DataFrame:
    """Nothing where the day before is not loaded."""
    return table.shift(freq="D").reindex(table.index)


def _city_orders(grid: Grid, trips: pd.DataFrame) -> pd.DataFrame:
    orders = grid.count(trips)
    return _rows(
        orders=orders,
        change_on_day_before=orders - _on_day_before(orders),
        average_7_days=orders.rolling("7D").mean(),
        share_of_day=orders.div(orders.sum(axis="columns"), axis="index"),
        rank_in_day=orders.rank(axis="columns", method="min", ascending=False),
    )


def _client_calls(grid: Grid, trips: pd.DataFrame) -> pd.DataFrame:
    talks = trips[trips["passengers"] > 1].assign(seconds=lambda t: t["fare"] // 1)
    seconds = talks.groupby(["day", "city"])["seconds"]
    calls, answered = grid.count(trips), grid.count(talks)
    return _rows(
        calls=calls,
        answered=answered,
        about_orders=grid.count(trips[trips["color"] != "green"]),
        answered_share=answered / calls,
        median_talk_s=grid.of(seconds.median()),
        p90_talk_s=grid.of(seconds.quantile(0.9)),
        change_on_day_before=calls - _on_day_before(calls),
        average_7_days=calls.rolling("7D").mean(),
    )


def _client_rates(grid: Grid, trips: pd.DataFrame) -> pd.DataFrame:
    trips = trips.assign(score=1 + trips["passengers"] % 5)
    rates, scores = grid.count(trips), grid.sum(trips, "score")
    mean = scores / rates
    return _rows(
        rates=rates,
        score_sum=scores,
        comments=grid.count(trips[trips["payment"].notna()]),
        mean_score=mean,
        best_share=grid.count(trips[trips["score"] == 5]) / rates,
        poor_share=grid.count(trips[trips["score"] <= 2]) / rates,
        change_on_day_before=mean - _on_day_before(mean),
        average_7_days=scores.rolling("7D").sum() / rates.rolling("7D").sum(),
    )


def _daily_orders(grid: Grid, trips: pd.DataFrame) -> pd.DataFrame:
    of_cities = grid.count(trips)
    orders = of_cities.sum(axis="columns").to_frame("orders")
    before = _on_day_before(orders)
    not_ended = grid.count(trips[trips["payment"].isna()])
    return pd.DataFrame(
        {
            "cities": len(grid.cities),
            "cities_with_orders": (of_cities > 0).sum(axis="columns"),
            "orders": orders["orders"],
            "not_ended": not_ended.sum(axis="columns"),
            "change_on_day_before": (orders - before)["orders"],
            "change_share": ((orders - before) / before)["orders"],
            "average_7_days": orders["orders"].rolling("7D").mean(),
        }
    ).reset_index()


def _order_duration(grid: Grid, trips: pd.DataFrame) -> pd.DataFrame:
    ended = trips[trips["payment"].notna()]
    minutes = (ended["dropoff"] - ended["pickup"]).dt.total_seconds() / 60
    by_city = ended.assign(minutes=minutes).groupby(["day", "city"])["minutes"]
    median = grid.of(by_city.median())
    return _rows(
        ended=grid.count(ended),
        mean_minutes=grid.of(by_city.mean()),
        median_minutes=median,
        p90_minutes=grid.of(by_city.quantile(0.9)),
        change_on_day_before=median - _on_day_before(median),
        average_7_days=median.rolling("7D", min_periods=1).mean(),
    )
