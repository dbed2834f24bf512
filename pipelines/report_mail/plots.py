"""Two pictures of a day, as PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.errors import ConfigurationError
from pipelines.report_mail.figures import Figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, DPI = 7.5, 110
"""Inches, and dots an inch: about as wide as a mail is read."""

BAR_HEIGHT = 0.26
"""Inches a city."""

BLUE, ORANGE, GREY = "#4878a8", "#d9822b", "#8c8c8c"


def plots(figures: Figures) -> dict[str, bytes]:
    """The pictures, by name.

    Raises:
        ConfigurationError: What draws them is not installed.
    """
    drawn = {}
    if figures.daily is not None and len(figures.daily):
        drawn["daily_orders"] = _png(_daily(figures.daily))
    if figures.duration is not None and len(figures.duration):
        drawn["order_duration"] = _png(_duration(figures, figures.duration))
    return drawn


def _figure(height: float) -> Figure:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(
            "the plots of the mail cannot be drawn: matplotlib is not installed",
            step="pip install 'shardline[mail]'",
        ) from error
    return Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")


def _daily(daily: pd.DataFrame) -> Figure:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    figure = _figure(3.2)
    axes = figure.subplots()
    days = pd.to_datetime(daily["day"])
    axes.bar(days, daily["orders"], width=0.8, color=BLUE, label="orders")
    axes.plot(
        days, daily["average"], color=ORANGE, marker="o", ms=3, label="7-day average"
    )
    axes.set_title(f"Orders a day, to {days.iloc[-1]:%d %B %Y}")
    axes.set_ylabel("orders")
    axes.set_ylim(bottom=0)
    locator = AutoDateLocator(minticks=min(len(days), 4), maxticks=8)
    locator.intervald[3] = [1, 2, 7, 14]  # ticks by days: never by hours
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.margins(x=0.02)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    _plain(axes)
    return figure


def _duration(figures: Figures, duration: pd.DataFrame) -> Figure:
    figure = _figure(1.4 + BAR_HEIGHT * len(duration))
    axes = figure.subplots()
    cities = [str(city) for city in duration["city"]][::-1]
    places = range(len(cities))
    axes.barh(places, duration["median"][::-1], color=BLUE, label="median")
    axes.plot(
        duration["p90"][::-1], places, "|", color=ORANGE, ms=9, mew=2, label="90 %"
    )
    axes.set_yticks(places, cities)
    shown = f"{len(cities)} slowest of {figures.cities} cities"
    title = shown if len(cities) < figures.cities else f"{figures.cities} cities"
    axes.set_title(f"Duration of orders on {figures.day:%d %B %Y}: {title}")
    axes.set_xlabel("minutes")
    axes.set_xlim(left=0)
    axes.margins(y=0.01)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    _plain(axes)
    return figure


def _plain(axes: object) -> None:
    """No frame, and faint lines behind the data."""
    axes.spines[["top", "right"]].set_visible(False)  # type: ignore[attr-defined]
    axes.grid(visible=True, color=GREY, alpha=0.2)  # type: ignore[attr-defined]
    axes.set_axisbelow(True)  # type: ignore[attr-defined]


def _png(figure: Figure) -> bytes:
    octets = io.BytesIO()
    figure.savefig(octets, format="png")
    return octets.getvalue()
