"""The figures of loads as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from benchmarks.encode import ENCODE, HASH, PANDAS_HASH, TRANSFORM
from benchmarks.loads import ALL_UP_TO, Load, Way
from benchmarks.rounds import FEW, Figure
from benchmarks.run_loads import OTHER_TABLES, OTHER_WAYS, LoadFigures
from benchmarks.sheets import Sheet
from benchmarks.two_at_once import PROCESSES, SPIN, THREADS
from benchmarks.ways.choice import WAYS

MIB, GIB = 1 << 20, 1 << 30
NOT_RUN = "not run"

_UNTIL = (
    "A statement lasts until the end of its answer is with the system, which keeps some"
    " MiB that the client has not read."
)

TABLES = {
    "text": "id, start_time, 100 Cyrillic characters",
    "wide": "50 columns of 12 types",
}


def sheets_of_loads(figures: LoadFigures) -> list[Sheet]:
    """All tables."""
    return [
        _each_row(figures, "cpu", "client's CPU"),
        _each_row(figures, "cpu", "client's CPU", tls=True),
        _times(figures),
        _each_row(figures, "wall", "time"),
        _memory(figures),
        _other_tables(figures),
        _asked(figures),
        _encoding(figures),
        _two_at_once(figures),
        _limits(figures),
    ]


def _each_row(
    figures: LoadFigures, figure: Figure, title: str, *, tls: bool = False
) -> Sheet:
    def cell(load: Load) -> str:
        each = figures.comparison.median(load, figure) / load.rows
        return f"{each * 1e9:,.0f}"

    where = "with TLS on both sides" if tls else "without TLS"
    sizes = [size for size in figures.sizes if size <= ALL_UP_TO or not tls]
    loads = [_of(way, sizes, tls=tls) for way in WAYS]
    return Sheet(
        f"End to end, {where}: {title}, ns a row",
        ("rows", *(f"{size:,}" for size in sizes)),
        [_row(figures, of_way, cell) for of_way in loads],
        [*_few(figures, sizes), *_notes(figures, loads)],
    )


def _times(figures: LoadFigures) -> Sheet:
    def cell(load: Load) -> str:
        tutorial = replace(load, way="tutorial")
        if tutorial in figures.comparison.refusals:
            return NOT_RUN
        return f"{figures.comparison.ratio(tutorial, load, 'cpu'):,.1f}"

    loads = [_of(way, figures.sizes) for way in WAYS]
    return Sheet(
        "How many times the client's CPU the tutorial's is, without TLS",
        ("rows", *(f"{size:,}" for size in figures.sizes)),
        [_row(figures, of_way, cell) for of_way in loads],
    )


def _memory(figures: LoadFigures) -> Sheet:
    def peak(load: Load) -> float:
        return figures.comparison.median(load, "peak") / MIB

    loads = [_of(way, figures.sizes) for way in WAYS]
    first, last = (Load("fast", size) for size in (figures.sizes[0], figures.sizes[-1]))
    grows = f"grows by {peak(last) - peak(first):.1f}"
    return Sheet(
        "The most memory that the client's process had, MiB, without TLS",
        ("rows", *(f"{size:,}" for size in figures.sizes)),
        [_row(figures, of_way, lambda load: f"{peak(load):,.0f}") for of_way in loads],
        [f"From {first.rows:,} to {last.rows:,} rows shardline's {grows}."],
    )


def _other_tables(figures: LoadFigures) -> Sheet:
    rows = []
    for table in OTHER_TABLES:
        tuples, fast = (Load(way, figures.other_rows, table) for way in OTHER_WAYS)
        each = (
            f"{figures.comparison.median(load, 'cpu') / load.rows * 1e9:,.0f}"
            for load in (tuples, fast)
        )
        times = figures.comparison.ratio(tuples, fast, "cpu")
        rows.append((f"{table}: {TABLES[table]}", *each, f"{times:.1f}"))
    title = (
        f"Other tables, {figures.other_rows:,} rows without TLS: client's CPU, ns a row"
    )
    return Sheet(title, ("table", *(WAYS[way] for way in OTHER_WAYS), "times"), rows)


def _asked(figures: LoadFigures) -> Sheet:
    rows = max(size for size in figures.sizes if size <= ALL_UP_TO)

    def cells(load: Load) -> Iterator[str]:
        asked = figures.comparison.asked[load]
        yield f"{asked.statement * 1e3:,.0f}"
        yield f"{asked.transaction * 1e3:,.0f}"
        yield f"{figures.received[load]:.1f}"

    loads = [load for way in WAYS if (load := Load(way, rows)) in figures.received]
    return Sheet(
        f"What SQL Server is asked by a load of {rows:,} rows, without TLS",
        ("", "longest statement, ms", "longest transaction, ms", "octets a row"),
        [(WAYS[load.way], *cells(load)) for load in loads],
        [_UNTIL],
    )


def _encoding(figures: LoadFigures) -> Sheet:
    every = figures.encodings
    rows = [
        (step, *(f"{one.each(step):,.1f}" for one in every))
        for step in (*TRANSFORM, ENCODE)
    ]
    rows.append(("times", *(f"{one.ratio(TRANSFORM, ENCODE):.1f}" for one in every)))
    rows += [
        (step, *(f"{one.each(step):,.1f}" for one in every))
        for step in (PANDAS_HASH, HASH)
    ]
    head = ("CPU, ns a row", *(f"{one.rows:,} rows" for one in every))
    return Sheet("Between the drivers, from the same tuples", head, rows)


def _two_at_once(figures: LoadFigures) -> Sheet:
    one = figures.together
    rows = [
        (how, f"{one.speedup(how):.2f}", f"{one.of_control(how):.2f}")
        for how in (THREADS, PROCESSES, SPIN)
    ]
    return Sheet(
        f"Two loads of {one.rows:,} rows at once, beside one alone",
        ("", "speed-up", "of the spinning threads'"),
        rows,
        [f"The servers took {one.servers_share:.0%} of a core from the two threads."],
    )


def _limits(figures: LoadFigures) -> Sheet:
    last = figures.encodings[-1]
    received = figures.received[Load("fast", last.rows)]
    octets = received + last.native / last.rows
    rows = [
        (what, f"{speed / GIB:.2f}", f"{octets / speed * 1e9:,.1f}")
        for what, speed in figures.limits.items()
    ]
    title = (
        f"The machine: a row is {received:.0f} octets from SQL Server and"
        f" {last.native / last.rows:.0f} to Vertica, the tutorial's"
        f" {last.csv / last.rows:.0f}"
    )
    return Sheet(title, ("", "GiB/s", "ns for shardline's row"), rows)


def _of(way: Way, sizes: Iterable[int], *, tls: bool = False) -> list[Load]:
    return [Load(way, rows, tls=tls) for rows in sizes]


def _row(
    figures: LoadFigures, loads: list[Load], cell: Callable[[Load], str]
) -> tuple[str, ...]:
    refusals = figures.comparison.refusals
    cells = (NOT_RUN if load in refusals else cell(load) for load in loads)
    return (WAYS[loads[0].way], *cells)


def _few(figures: LoadFigures, sizes: Iterable[int]) -> list[str]:
    if figures.rounds <= FEW or all(size <= ALL_UP_TO for size in sizes):
        return []
    return [f"Of more than {ALL_UP_TO:,} rows, the medians are of {FEW} rounds."]


def _notes(figures: LoadFigures, loads: Iterable[list[Load]]) -> list[str]:
    """Why loads were not run."""
    notes = []
    for of_way in loads:
        refused: dict[str, list[str]] = {}
        for load in of_way:
            if why := figures.comparison.refusals.get(load):
                refused.setdefault(why, []).append(f"{load.rows:,}")
        for why, rows in refused.items():
            all_of_it = len(rows) == len(of_way)
            which = "" if all_of_it else f", {' and '.join(rows)} rows"
            notes.append(f"Not run: {WAYS[of_way[0].way]}{which}: {why}.")
    return notes
