"""Two pictures of a day, as PNG."""

from __future__ import annotations

import io
import math
import warnings
from datetime import date, timedelta
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipelines.errors import one_line
from pipelines.mail.figures import Figures

WIDTH, DPI = 7.5, 110
"""Inches, and dots an inch: about as wide as a mail is read."""

MARGIN = 0.1
"""Inches of white around a picture."""

BAR_HEIGHT = 0.26
"""Inches a city."""

FEWEST_DAYS = 7
"""Days that there is room for, however few are drawn."""

MOST_TICKS = 8
"""Most days that are named below their bars."""

LONGEST_NAME = 28
"""Characters of a city's name that there is room for."""

BLUE, ORANGE, GREY = "#4878a8", "#d9822b", "#8c8c8c"


def draw_plots(figures: Figures) -> dict[str, bytes]:
    """The pictures, by name."""
    drawn = {}
    if figures.daily is not None and len(figures.daily):
        drawn["daily_orders"] = _png(_daily(figures.daily))
    if figures.duration is not None and len(figures.duration):
        drawn["order_duration"] = _png(_duration(figures, figures.duration))
    return drawn


def _figure(
    title: str, height: float, values: Literal["x", "y"]
) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    figure.set_layout_engine("constrained", h_pad=MARGIN, w_pad=MARGIN)
    figure.suptitle(title)  # not the axes' own: beside long names it would be cut off
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis=values, color=GREY, alpha=0.25)
    axes.set_axisbelow(True)
    return figure, axes


def _daily(daily: pd.DataFrame) -> Figure:
    last: date = daily["day"].iloc[-1]
    figure, axes = _figure(f"Orders a day, to {_written(last)}", 3.2, "y")
    places = [(day - last).days for day in daily["day"]]  # from the last day
    axes.bar(places, daily["orders"], width=0.8, color=BLUE, label="orders")
    axes.plot(
        places, daily["average"], color=ORANGE, marker="o", ms=3, label="7-day average"
    )
    axes.set_ylabel("orders")
    axes.set_ylim(bottom=0)
    span = max(1 - places[0], FEWEST_DAYS)
    ticks = range(0, -span, -math.ceil(span / MOST_TICKS))
    shown = [last + timedelta(days=tick) for tick in ticks]
    axes.set_xticks(list(ticks), [f"{day.day} {day:%b}" for day in shown])
    axes.set_xlim(0.6 - span, 0.6)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _duration(figures: Figures, duration: pd.DataFrame) -> Figure:
    cities = [_short(str(city)) for city in duration["city"]][::-1]
    few = f": the slowest {len(cities)} of {figures.cities} cities"
    which = few if len(cities) < figures.cities else ""
    title = f"Duration of orders on {_written(figures.day)}{which}"
    figure, axes = _figure(title, 1.5 + BAR_HEIGHT * len(cities), "x")
    places = range(len(cities))
    axes.barh(places, duration["median"][::-1], color=BLUE, label="median")
    axes.plot(
        duration["p90"][::-1],
        places,
        "|",
        color=ORANGE,
        ms=9,
        mew=2,
        label="90th percentile",
    )
    axes.set_yticks(places, cities, parse_math=False)
    axes.set_xlabel("minutes")
    axes.set_xlim(left=0)
    axes.margins(y=0.01)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _short(name: str) -> str:
    """A name without its middle, since both ends may tell it from others."""
    name = one_line(name)
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _png(figure: Figure) -> bytes:
    octets = io.BytesIO()
    with warnings.catch_warnings():
        # Names in scripts that the font lacks are boxes; the mail is worth sending.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(octets, format="png")
    return octets.getvalue()
