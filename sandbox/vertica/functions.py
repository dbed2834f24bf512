"""Vertica's functions that DuckDB has by another name, or computes otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from sandbox.errors import SqlError
from sandbox.vertica.catalog import MACROS
from sandbox.vertica.templates import read_by_template
from sandbox.vertica.words import syntax_error

if TYPE_CHECKING:
    from collections.abc import Callable

_THROWN = ("V2000", 7137)
_DATE_UNITS = {
    "year": "years", "yy": "years", "yyyy": "years", "quarter": "quarters",
    "qq": "quarters", "month": "months", "mm": "months", "week": "weeks",
    "wk": "weeks", "day": "days", "dd": "days", "d": "days", "hour": "hours",
    "hh": "hours", "minute": "minutes", "mi": "minutes", "second": "seconds",
    "ss": "seconds", "millisecond": "milliseconds", "microsecond": "microseconds",
}  # fmt: skip


def replace_function(node: exp.Expr) -> exp.Expr | None:
    """What a function call becomes, None if it may stay.

    Raises:
        SqlError: It cannot be called so.
    """
    if isinstance(node, exp.Anonymous):
        rebuilt = _REBUILT.get(node.name.upper())
        return rebuilt(*node.expressions) if rebuilt else None
    change = _TYPED.get(type(node))
    return change(node) if change else None


def call(name: str, *arguments: exp.Expr | str | float) -> exp.Expr:
    """A call of one of our own functions in DuckDB."""
    return duckdb(f"{MACROS}.{name}", *arguments)


def duckdb(name: str, *arguments: exp.Expr | str | float) -> exp.Expr:
    """A call of one of DuckDB's functions."""
    return exp.Anonymous(this=name, expressions=[exp.convert(a) for a in arguments])


def overloaded(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of one of our own functions that has overloads.

    DuckDB chooses among them before it knows the types of aggregates, but knows those
    of a lambda's parameters: the arguments travel as the fields of one.
    """
    fields = {f"a{place}": argument for place, argument in enumerate(arguments)}
    packed = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(key), expression=value)
            for key, value in fields.items()
        ]
    )
    passed = ", ".join(f"x.{key}" for key in fields)
    body = exp.var(f"lambda x: {MACROS}.{name}({passed})")
    values = duckdb("list_transform", exp.Array(expressions=[packed]), body)
    return duckdb("list_extract", values, 1)


def _from_column(node: exp.Column) -> exp.Expr | None:
    """`seq.NEXTVAL` is read as a column."""
    name = node.name.upper()
    if name in {"NEXTVAL", "CURRVAL"} and node.table:
        return _sequence(name, f"{node.db}.{node.table}" if node.db else node.table)
    return None


def _sequence(name: str, sequence: str) -> exp.Expr:
    schema, _, last = sequence.rpartition(".")
    return duckdb(name.lower(), f"{schema or 'public'}.{last}")


def _throw(said: exp.Expr) -> exp.Expr:
    text = exp.DPipe(
        this=exp.Literal.string("USER GENERATED ERROR: "), expression=said.copy()
    )
    return call("fail", *_THROWN, text)


def _unit(node: exp.Expr, known: dict[str, str] = _DATE_UNITS) -> str:
    """A date part, quoted or not, as DuckDB's plural."""
    name = node.name.lower()
    if (
        name not in known
        and f"{name}s" not in known.values()
        and (name not in known.values())
    ):
        raise SqlError(
            f'Unsupported date part "{node.name}"', number=5366, sqlstate="0A000"
        )
    return known.get(name, name)


def _difference(node: exp.Expr) -> exp.Expr:
    """DATEDIFF(part, start, end): the grammar takes the arguments in another order."""
    part, start, end = node.this, node.args["expression"], node.args.get("unit")
    if end is None:
        raise syntax_error(")")
    if isinstance(end, exp.Var):
        end = exp.column(end.name)
    return duckdb("date_diff", _unit(part).removesuffix("s"), start, end)


def _add(part: exp.Expr, count: exp.Expr, start: exp.Expr) -> exp.Expr:
    return exp.Add(this=start.copy(), expression=duckdb(f"to_{_unit(part)}", count))


def _truncated(node: exp.TimestampTrunc) -> exp.Expr:
    part = exp.Literal.string(node.text("unit").lower())
    return duckdb("date_trunc", part, overloaded("moment", node.this))


def _week(day: exp.Expr) -> exp.Expr:
    """Weeks begin on Sundays, and the first with 1 January."""
    first = duckdb("dayofweek", duckdb("date_trunc", "year", day))
    days = exp.Add(this=duckdb("dayofyear", day), expression=first)
    return exp.Add(
        this=exp.IntDiv(this=exp.Paren(this=days - 1), expression=exp.convert(7)),
        expression=exp.convert(1),
    )


def _approximate_percentile(value: exp.Expr, *parameters: exp.Expr) -> exp.Expr:
    """Exact here, which its tolerance allows."""
    if len(parameters) != 1 or parameters[0].this.name.lower() != "percentile":
        raise SqlError(
            "APPROXIMATE_PERCENTILE needs the parameter percentile, and no other",
            number=5861, sqlstate="42883",
        )  # fmt: skip
    return _percentile(value, parameters[0].args["expression"])


def _percentile(value: exp.Expr, place: exp.Expr | float) -> exp.Expr:
    return duckdb("quantile_cont", overloaded("continuous", value), place)


def _analytic_percentile(node: exp.WithinGroup) -> exp.Expr | None:
    name = type(node.this)
    if name not in {exp.PercentileCont, exp.PercentileDisc}:
        return None
    _check_analytic(node, node.this)
    (ordered,) = node.expression.expressions
    if name is exp.PercentileCont:
        ordered.set("this", overloaded("continuous", ordered.this))
    return None


def _median(node: exp.Median) -> exp.Expr:
    _check_analytic(node, node)
    return _percentile(node.this, 0.5)


def _check_analytic(node: exp.Expr, function: exp.Func) -> None:
    """Vertica has these with OVER alone, which may partition but not order."""
    window = node.parent
    name = function.sql_name()
    if not isinstance(window, exp.Window) or window.this is not node:
        raise SqlError(
            f"Function {name} is analytic: it needs an OVER clause",
            number=3457, sqlstate="42883",
        )  # fmt: skip
    if window.args.get("order") or window.args.get("spec"):
        raise SqlError(
            f"The OVER clause of {name} may only have PARTITION BY",
            number=2521, sqlstate="42601",
        )  # fmt: skip


def _filter(_: exp.Filter) -> exp.Expr:
    raise syntax_error("(")


def _quotient(node: exp.Div) -> exp.Expr:
    return overloaded("quotient", node.this, node.expression)


def _whole_quotient(node: exp.IntDiv) -> None:
    node.set("expression", call("divisor", node.expression.copy()))


def _to_timestamp(text: exp.Expr, template: exp.Expr | None = None) -> exp.Expr:
    """Of a text and its template, or of seconds since 1970."""
    if template is not None:
        return read_by_template(text, template)
    return duckdb("make_timestamp", exp.cast(text * 1_000_000, "BIGINT"))


# Functions that become others, with their arguments as they come.
_REBUILT: dict[str, Callable[..., exp.Expr]] = {
    "THROW_ERROR": _throw,
    "ZEROIFNULL": lambda x: exp.Coalesce(this=x, expressions=[exp.convert(0)]),
    "NULLIFZERO": lambda x: exp.Nullif(this=x, expression=exp.convert(0)),
    "ISNULL": lambda x, y: exp.Coalesce(this=x, expressions=[y]),
    "NEXTVAL": lambda x: _sequence("NEXTVAL", x.name),
    "CURRVAL": lambda x: _sequence("CURRVAL", x.name),
    "HASH": lambda *x: duckdb("hash", *x),
    "UUID_GENERATE": lambda: duckdb("uuid"),
    "OCTET_LENGTH": lambda x: duckdb("strlen", x),
    "TO_TIMESTAMP": _to_timestamp,
    "TO_DATE": lambda text, template: exp.cast(
        read_by_template(text, template), "DATE", dialect="duckdb"
    ),
    "TO_TIMESTAMP_TZ": lambda *x: exp.cast(
        _to_timestamp(*x), "TIMESTAMPTZ", dialect="duckdb"
    ),
    "TIMESTAMPADD": _add,
    "DATEADD": _add,
    "WEEK_ISO": lambda x: duckdb("weekofyear", x),
    "YEAR_ISO": lambda x: duckdb("isoyear", x),
    "SUM_FLOAT": lambda x: exp.Sum(this=exp.cast(x, "DOUBLE", dialect="duckdb")),
    "APPROXIMATE_PERCENTILE": _approximate_percentile,
    "APPROXIMATE_MEDIAN": lambda x: _percentile(x, 0.5),
    "APPROXIMATE_COUNT_DISTINCT": lambda x, *_: exp.Count(
        this=exp.Distinct(expressions=[x])
    ),
}
# Functions sqlglot has a node of its own for.
_TYPED: dict[type, Callable[..., exp.Expr | None]] = {
    exp.Column: _from_column,
    exp.DateDiff: _difference,
    exp.TimestampDiff: _difference,
    exp.TimestampTrunc: _truncated,
    exp.DayOfWeek: lambda n: exp.Paren(this=duckdb("dayofweek", n.this) + 1),
    exp.Week: lambda n: exp.Paren(this=_week(n.this)),
    exp.WithinGroup: _analytic_percentile,
    exp.Median: _median,
    exp.Filter: _filter,
    exp.Div: _quotient,
    exp.IntDiv: _whole_quotient,
}
