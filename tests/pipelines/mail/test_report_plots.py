"""The mail's two pictures: their sizes, with few days and cities and with many."""

from __future__ import annotations

import struct
from datetime import date, timedelta

import pandas as pd
import pytest

from pipelines.mail.figures import CITIES, Figures
from pipelines.mail.plots import draw_plots

LAST = date(2019, 3, 14)
NAMES = ("Петропавловск-Камчатский городской округ", "$1_{x", "東京", "a\nb", "чита")


def figures(days: int, cities: int) -> Figures:
    """As many days and cities."""
    dates = [LAST - timedelta(days=at) for at in range(days)][::-1]
    orders = [30_000.0 + at for at in range(days)]
    names = [NAMES[at] if at < len(NAMES) else f"city {at}" for at in range(cities)]
    minutes = [5.0 + at for at in range(cities)]
    return Figures(
        day=LAST,
        summary=pd.DataFrame(),
        missing=(),
        daily=pd.DataFrame({"day": dates, "orders": orders, "average": orders}),
        duration=pd.DataFrame({"city": names, "median": minutes, "p90": minutes}).head(
            CITIES
        ),
        cities=cities,
    )


@pytest.mark.parametrize(
    ("days", "cities", "height"), [(1, 1, 193), (3, 5, 308), (28, 150, 737)]
)
def test_a_picture_is_as_wide_as_a_mail_and_as_high_as_its_cities(
    days: int, cities: int, height: int
) -> None:
    drawn = draw_plots(figures(days, cities))
    sizes = {name: struct.unpack(">II", png[16:24]) for name, png in drawn.items()}
    assert sizes == {"daily_orders": (825, 352), "order_duration": (825, height)}


def test_what_has_no_figures_is_not_drawn() -> None:
    assert draw_plots(figures(0, 0)) == {}
