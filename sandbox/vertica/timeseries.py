"""TIMESERIES: slices of time at even distances, with the gaps filled.

`SELECT slice, TS_FIRST_VALUE(x) ... TIMESERIES slice AS '1 hour' OVER (PARTITION BY p
ORDER BY t)` gives a row for each slice of each partition from its first time to its
last. Source: the Vertica documentation, "TIMESERIES clause" and "Gap filling and
interpolation".
"""

from __future__ import annotations

from sqlglot import exp

from sandbox.errors import SqlError
from sandbox.vertica.words import unsupported

CLAUSE = "timeseries"
"""The argument of SELECT that holds the clause: an alias of a window."""

_SOURCE, _GRID, _NEAREST = "series_source", "series_grid", "series_nearest"
_TIME, _ORIGIN = "series_time", "2000-01-01"


def expand_timeseries(select: exp.Select) -> None:
    """Rewrite a SELECT with the clause in DuckDB's words, in place.

    Raises:
        SqlError: The clause, or what stands beside it, is not supported.
    """
    clause = select.args.pop(CLAUSE, None)
    if clause is None:
        return
    for key in ("group", "having", "windows", "distinct", "qualify"):
        if select.args.get(key):
            raise unsupported(f"{key.upper()} beside TIMESERIES")
    name, length, partition, time = _read(clause)
    source = exp.Select(expressions=[exp.Star(), exp.alias_(time.copy(), _TIME)])
    for key in ("from_", "joins", "where"):
        source.set(key, select.args.get(key))
        select.set(key, None)
    grid = _grid(source, name, length, partition)
    names = [column.name for column in partition]
    select.set("from_", exp.From(this=exp.alias_(exp.Subquery(this=grid), _GRID)))
    for call in list(select.find_all(exp.Anonymous)):
        if call.name.upper() in {"TS_FIRST_VALUE", "TS_LAST_VALUE"}:
            call.replace(_value(call, source, name, length, names))


def _read(
    clause: exp.Expr,
) -> tuple[str, exp.Expr, list[exp.Expr], exp.Expr]:
    """The slice's name and length, the partition's columns, the time."""
    window = clause.this
    order = window.args.get("order")
    partition = window.args.get("partition_by") or []
    if order is None or len(order.expressions) != 1:
        raise SqlError(
            "TIMESERIES needs OVER with ORDER BY of one timestamp",
            number=5125, sqlstate="42601",
        )  # fmt: skip
    if any(not isinstance(column, exp.Column) for column in partition):
        raise unsupported("TIMESERIES partitioned by an expression")
    length = exp.Cast(
        this=window.this.copy(), to=exp.DataType.build("INTERVAL", dialect="duckdb")
    )
    return clause.alias, length, partition, order.expressions[0].this


def _slice(moment: exp.Expr, length: exp.Expr) -> exp.Expr:
    origin = exp.Cast(
        this=exp.Literal.string(_ORIGIN), to=exp.DataType.build("TIMESTAMP")
    )
    return exp.Anonymous(
        this="time_bucket", expressions=[length.copy(), moment, origin]
    )


def _grid(
    source: exp.Select, name: str, length: exp.Expr, partition: list[exp.Expr]
) -> exp.Select:
    """Every slice of every partition."""
    time = exp.column(_TIME)
    ends = [
        _slice(function(this=time.copy()), length) for function in (exp.Min, exp.Max)
    ]
    slices = exp.Anonymous(this="generate_series", expressions=[*ends, length.copy()])
    unnested = exp.alias_(exp.Anonymous(this="unnest", expressions=[slices]), name)
    keys = [exp.column(column.name) for column in partition]
    grid = exp.Select(expressions=[*(k.copy() for k in keys), unnested])
    grid.set(
        "from_", exp.From(this=exp.alias_(exp.Subquery(this=source.copy()), _SOURCE))
    )
    return grid.group_by(*keys) if keys else grid


def _value(
    call: exp.Expr, source: exp.Select, name: str, length: exp.Expr, keys: list[str]
) -> exp.Expr:
    """The last value seen when a slice begins, or ends."""
    wanted, *how = call.expressions
    if how and how[0].name.lower() != "const":
        raise unsupported(f"interpolation '{how[0].name}' of {call.name}")
    edge = exp.column(name, table=_GRID)
    if call.name.upper() == "TS_FIRST_VALUE":
        reached: exp.Expr = exp.LTE(this=exp.column(_TIME), expression=edge)
    else:
        end = exp.Add(this=edge, expression=length.copy())
        reached = exp.LT(this=exp.column(_TIME), expression=end)
    same = [
        exp.NullSafeEQ(
            this=exp.column(key, table=_NEAREST),
            expression=exp.column(key, table=_GRID),
        )
        for key in keys
    ]
    nearest = exp.Select(expressions=[wanted.copy()])
    inner = exp.Subquery(this=source.copy())
    nearest.set("from_", exp.From(this=exp.alias_(inner, _NEAREST)))
    nearest = nearest.where(reached, *same).order_by(exp.column(_TIME).desc()).limit(1)
    return exp.Subquery(this=nearest)
