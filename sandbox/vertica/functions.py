"""Vertica's functions that DuckDB has by another name, or only the session knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from sandbox.vertica.catalog import MACROS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.vertica.environment import Environment

VERSION = "Vertica Analytic Database v12.0.4-0"

_RENAMED = {
    "HASH": "hash",
    "UUID_GENERATE": "uuid",
    "OCTET_LENGTH": "strlen",
}
_BARE = frozenset({"SYSDATE", "GETDATE", "USER", "CURRENT_USER", "SESSION_USER"})
_THROWN = ("V2000", 7137)
_TYPED = {  # functions sqlglot has a node of its own for
    "version": "VERSION",
    "currentsession": "CURRENT_SESSION",
    "currentversion": "VERSION",
    "currentdatabase": "CURRENT_DATABASE",
    "currentschema": "CURRENT_SCHEMA",
    "currentcatalog": "CURRENT_CATALOG",
}


def replace_function(node: exp.Expr, environment: Environment) -> exp.Expr | None:
    """What a function call becomes, None if it may stay."""
    if isinstance(node, exp.Column):
        return _from_column(node, environment)
    if not isinstance(node, exp.Anonymous):
        return _from_typed(node, environment)
    name, arguments = node.name.upper(), node.expressions
    if name in _SESSION:
        return _SESSION[name](environment)
    if name in _REBUILT:
        return _REBUILT[name](*arguments)
    if name in _RENAMED:
        return exp.Anonymous(this=_RENAMED[name], expressions=arguments)
    return None


def _from_typed(node: exp.Expr, environment: Environment) -> exp.Expr | None:
    if isinstance(node, (exp.CurrentUser, exp.SessionUser)):
        return exp.Literal.string(environment.user)
    if isinstance(node, (exp.CurrentTimestamp, exp.Localtimestamp)):
        return environment.now(with_zone=isinstance(node, exp.CurrentTimestamp))
    if isinstance(node, exp.DateDiff):
        return _date_difference(node)
    name = _TYPED.get(node.key, "")
    return _SESSION[name](environment) if name else None


def _date_difference(node: exp.DateDiff) -> exp.Expr:
    """DATEDIFF(part, start, end): PostgreSQL's grammar misplaces the arguments."""
    part, start, end = node.this, node.expression, node.args.get("unit")
    name = part.name.lower()
    arguments = [exp.Literal.string(name), start, end]
    return exp.Anonymous(
        this="date_diff", expressions=[a.copy() for a in arguments if a is not None]
    )


def _from_column(node: exp.Column, environment: Environment) -> exp.Expr | None:
    """Functions that are written without parentheses, and `seq.NEXTVAL`."""
    name = node.name.upper()
    if isinstance(node.this, exp.Identifier) and node.this.quoted:
        return None
    if name in {"NEXTVAL", "CURRVAL"} and node.table:
        full = f"{node.db}.{node.table}" if node.db else node.table
        return _sequence(name, full)
    if node.table:
        return None
    return _SESSION[name](environment) if name in _BARE else None


def _sequence(name: str, sequence: str) -> exp.Expr:
    schema, _, last = sequence.rpartition(".")
    full = f"{schema or 'public'}.{last}"
    return exp.Anonymous(this=name.lower(), expressions=[exp.Literal.string(full)])


def _throw(said: exp.Expr) -> exp.Expr:
    text = exp.DPipe(
        this=exp.Literal.string("USER GENERATED ERROR: "), expression=said.copy()
    )
    state, code = _THROWN
    return exp.Anonymous(
        this=f"{MACROS}.fail",
        expressions=[exp.Literal.string(state), _number(code), text],
    )


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


# Functions that become others, with their arguments as they come.
_REBUILT: dict[str, Callable[..., exp.Expr]] = {
    "THROW_ERROR": _throw,
    "ZEROIFNULL": lambda x: exp.Coalesce(this=x, expressions=[_number(0)]),
    "NULLIFZERO": lambda x: exp.Nullif(this=x, expression=_number(0)),
    "ISNULL": lambda x, y: exp.Coalesce(this=x, expressions=[y]),
    "NEXTVAL": lambda x: _sequence("NEXTVAL", x.name),
    "CURRVAL": lambda x: _sequence("CURRVAL", x.name),
}
_SESSION: dict[str, Callable[[Environment], exp.Expr]] = {
    "GET_NUM_ACCEPTED_ROWS": lambda e: _number(e.accepted),
    "GET_NUM_REJECTED_ROWS": lambda e: _number(e.rejected),
    "CURRENT_SESSION": lambda e: exp.Literal.string(e.session_id),
    "CURRENT_DATABASE": lambda e: exp.Literal.string(e.database),
    "DBNAME": lambda e: exp.Literal.string(e.database),
    "CURRENT_SCHEMA": lambda _: exp.Literal.string("public"),
    "CURRENT_CATALOG": lambda e: exp.Literal.string(e.database),
    "VERSION": lambda _: exp.Literal.string(VERSION),
    "GETDATE": lambda e: e.now(with_zone=False),
    "SYSDATE": lambda e: e.now(with_zone=False),
    "GETUTCDATE": lambda e: e.now(with_zone=False),
    "USER": lambda e: exp.Literal.string(e.user),
    "CURRENT_USER": lambda e: exp.Literal.string(e.user),
    "SESSION_USER": lambda e: exp.Literal.string(e.user),
    "USERNAME": lambda e: exp.Literal.string(e.user),
}
