"""The client's CPU of each way and size, as a picture for a document."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.loads import Load, Way
from benchmarks.rounds import Comparison
from benchmarks.run_loads import LoadFigures
from benchmarks.ways.choice import WAYS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADES = ("#c6d8ea", "#8fb4d6", "#4c86b8", "#123f66")
"""From few rows to many."""

GREY, LINE = "#6b7280", "#d5dbe1"

LEGEND = """\
client's CPU, nanoseconds a row (logarithmic)
the figures are those of the most rows, in brackets the part of the tutorial's"""

WORTH_TELLING = 2
"""How many times less than the tutorial's a figure is to be that says so."""


def why_not() -> str:
    """Why nothing can be drawn here; "" if it can."""
    if find_spec("matplotlib"):
        return ""
    return "a plot needs matplotlib: pip install 'shardline[mail]'"


def plot(figures: LoadFigures, path: Path) -> None:
    """Draw a line for each way, with a point for each number of rows.

    Args:
        figures: What was measured.
        path: What to write; its ending says in which format.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    shown = [way for way in WAYS if _points(figures, way)]
    figure = Figure(figsize=(9, 1.3 + 0.42 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    for at, way in enumerate(shown):
        _draw(axes, at, figures, way)
    axes.set_yticks(range(len(shown)), [WAYS[way] for way in shown])
    axes.set_ylim(len(shown) - 0.5, -0.6)
    _label_sizes(axes, figures)
    _style(axes)
    figure.savefig(path, dpi=160, facecolor="white")


def _points(figures: LoadFigures, way: Way) -> dict[int, float]:
    """Nanoseconds a row, by number of rows."""
    found: Comparison = figures.comparison
    loads = (Load(way, rows) for rows in figures.sizes)
    return {
        load.rows: found.median(load, "cpu") / load.rows * 1e9
        for load in loads
        if load in found.costs
    }


def _draw(axes: Axes, at: int, figures: LoadFigures, way: Way) -> None:
    points = _points(figures, way)
    values = list(points.values())
    axes.plot([min(values), max(values)], [at, at], color=LINE, zorder=1)
    for rows, value in points.items():
        shade = _shade(figures, rows)
        axes.scatter(value, at, s=60, color=shade, edgecolor="white", zorder=2)
    last = list(points)[-1]
    axes.annotate(
        f"{points[last]:,.0f} ns{_times(figures, way, last)}",
        (max(values), at),
        xytext=(9, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        fontweight="bold" if way == "fast" else "normal",
        color=SHADES[-1],
    )


def _shade(figures: LoadFigures, rows: int) -> str:
    """The darkest for the most rows."""
    behind = len(figures.sizes) - list(figures.sizes).index(rows)
    return SHADES[-min(behind, len(SHADES))]


def _times(figures: LoadFigures, way: Way, rows: int) -> str:
    tutorial, load = Load("tutorial", rows), Load(way, rows)
    if way == "tutorial" or tutorial not in figures.comparison.costs:
        return ""
    times = figures.comparison.ratio(tutorial, load, "cpu")
    return f"  (1/{times:,.0f})" if times >= WORTH_TELLING else ""


def _label_sizes(axes: Axes, figures: LoadFigures) -> None:
    for rows in figures.sizes:
        shade = _shade(figures, rows)
        axes.scatter([], [], s=60, color=shade, label=f"{rows:,} rows")
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(figures.sizes),
        frameon=False,
        fontsize=9,
        handletextpad=0.1,
        columnspacing=1.2,
        borderpad=0,
    )


def _style(axes: Axes) -> None:
    from matplotlib.ticker import LogLocator  # noqa: PLC0415 - as above

    axes.set_xscale("log", subs=())
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * 2.2)  # room for the last label
    axes.set_xlabel(LEGEND, fontsize=9, color=GREY)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="both", which="both", length=0)
    axes.tick_params(axis="x", which="major", labelsize=9, labelcolor=GREY)
    axes.grid(axis="x", which="major", color="#e7ebef")
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
