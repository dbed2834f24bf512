"""Functions whose answer only the session knows: who, where, when, how many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.vertica.environment import Environment

VERSION = "Vertica Analytic Database v12.0.4-0"

# Those that are written without parentheses, and read as columns.
_BARE = frozenset({"SYSDATE", "GETDATE", "USER", "CURRENT_USER", "SESSION_USER"})
_TYPED: dict[type[exp.Expr], str] = {  # functions sqlglot has a node of its own for
    exp.CurrentUser: "CURRENT_USER",
    exp.SessionUser: "CURRENT_USER",
    exp.CurrentVersion: "VERSION",
    exp.CurrentDatabase: "CURRENT_DATABASE",
    exp.CurrentSchema: "CURRENT_SCHEMA",
    exp.CurrentCatalog: "CURRENT_DATABASE",
    exp.CurrentTimestamp: "NOW",
    exp.Localtimestamp: "SYSDATE",
    exp.CurrentDate: "CURRENT_DATE",
    exp.CurrentTime: "CURRENT_TIME",
    exp.Localtime: "LOCALTIME",
}


def session_value(node: exp.Expr, environment: Environment) -> exp.Expr | None:
    """The value of a call, None if it is no such function.

    It is a literal: a statement that is replayed must not change its answer.
    """
    name = _name(node)
    if name == "SET_LOAD_BALANCE_POLICY":
        return _set_load_balance_policy(node, environment)
    return _VALUES[name](environment) if name in _VALUES else None


def _set_load_balance_policy(node: exp.Expr, environment: Environment) -> exp.Expr:
    environment.privileges.require_superuser()
    (policy,) = node.expressions or [exp.null()]
    return _text(environment.balancer.set_policy(policy.name))


def _name(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return node.name.upper()
    if isinstance(node, exp.Column):
        bare = isinstance(node.this, exp.Identifier) and not node.this.quoted
        name = node.name.upper()
        return name if bare and not node.table and name in _BARE else ""
    return _TYPED.get(type(node)) or {
        "version": "VERSION",
        "currentsession": "CURRENT_SESSION",
    }.get(node.key, "")


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def _of_now(kind: str) -> Callable[[Environment], exp.Expr]:
    return lambda e: exp.Cast(
        this=e.now(with_zone=False), to=exp.DataType.build(kind, dialect="duckdb")
    )


_VALUES: dict[str, Callable[[Environment], exp.Expr]] = {
    "GET_NUM_ACCEPTED_ROWS": lambda e: exp.Literal.number(e.accepted),
    "GET_NUM_REJECTED_ROWS": lambda e: exp.Literal.number(e.rejected),
    "GET_LOAD_BALANCE_POLICY": lambda e: _text(e.balancer.policy),
    "CURRENT_SESSION": lambda e: _text(e.session_id),
    "CURRENT_SCHEMA": lambda _: _text("public"),
    "VERSION": lambda _: _text(VERSION),
    "CURRENT_DATE": _of_now("DATE"),
    "CURRENT_TIME": _of_now("TIMETZ"),
    "LOCALTIME": _of_now("TIME"),
    **dict.fromkeys(
        ("CURRENT_DATABASE", "DBNAME", "CURRENT_CATALOG"), lambda e: _text(e.database)
    ),
    **dict.fromkeys(
        ("USER", "CURRENT_USER", "SESSION_USER", "USERNAME"), lambda e: _text(e.user)
    ),
    **dict.fromkeys(
        ("GETDATE", "SYSDATE", "GETUTCDATE"), lambda e: e.now(with_zone=False)
    ),
    **dict.fromkeys(
        ("NOW", "CLOCK_TIMESTAMP", "STATEMENT_TIMESTAMP", "TRANSACTION_TIMESTAMP"),
        lambda e: e.now(with_zone=True),
    ),
}
