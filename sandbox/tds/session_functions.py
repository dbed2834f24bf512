"""Functions and @@variables that tell about the server, the session, the catalog."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.tds.collations import DEFAULT_COLLATION
from sandbox.tds.convert import convert
from sandbox.tds.failures import unsupported
from sandbox.tds.lexer import Kind, tokenize
from sandbox.tds.modules import Module
from sandbox.tds.syntax import TableName
from sandbox.tds.type_numbers import TYPE_NUMBERS
from sandbox.tds.types import (
    INT,
    SMALLINT,
    SYSNAME,
    TINYINT,
    decimal,
    text,
)
from sandbox.tds.values import Typed, constant, null, text_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.environment import Caught, Environment
    from sandbox.tds.tables import Table

VERSION = "Microsoft SQL Server 2019 (RTM-CU28) - 15.0.4224.0 (X64) - Shardline sandbox"
_PROPERTIES = {
    "productversion": "15.0.4224.0",
    "productlevel": "RTM",
    "edition": "Developer Edition (64-bit)",
    "collation": DEFAULT_COLLATION,
}
_NUMBER_PROPERTIES = {
    "engineedition": 3,
    "isclustered": 0,
    "isfulltextinstalled": 0,
    "isintegratedsecurityonly": 0,
    "productmajorversion": 15,
    "issingleuser": 0,
    "lcid": 1033,
}


def _name(value: str) -> Typed:
    return constant(value, SYSNAME)


def _int(value: int | None) -> Typed:
    return null(INT) if value is None else constant(value, INT)


def _words(value: Typed) -> str:
    """The text of an argument that must be known now."""
    if not isinstance(value.constant, str):
        raise unsupported("a catalog function of what is not a constant")
    return value.constant


def _object(value: Typed, environment: Environment) -> Table | Module | None:
    environment.fixed = False
    tokens = tokenize(_words(value))[:-1]
    parts = tuple(
        t.value if t.kind is Kind.QUOTED else t.raw for t in tokens if t.value != "."
    )
    if not parts:
        return None
    schema, name = environment.resolve(TableName(parts))
    return environment.tables.entry(schema, name)


def _table(value: Typed, environment: Environment) -> Table | None:
    found = _object(value, environment)
    return None if isinstance(found, Module) else found


def _object_id(values: Sequence[Typed], environment: Environment) -> Typed:
    name, *kind = values
    found = _object(name, environment)
    if kind and found is not None:
        type_ = found.kind.value if isinstance(found, Module) else "U"
        if _words(kind[0]).strip().upper() != type_:
            found = None
    return _int(found.object_id if found else None)


def _object_definition(values: Sequence[Typed], environment: Environment) -> Typed:
    (number,) = values
    kind = text(-1, unicode=True)
    environment.fixed = False
    for module in environment.tables.modules():
        if module.object_id == number.constant:
            return constant(module.text, kind)
    return null(kind)


def _object_name(values: Sequence[Typed], environment: Environment) -> Typed:
    environment.fixed = False
    (number,) = values
    tables = environment.tables
    names = {table.object_id: table.name for table in tables.all()}
    names |= {module.object_id: module.name for module in tables.modules()}
    known = "".join(
        f"WHEN {one} THEN {text_literal(name)} " for one, name in names.items()
    )
    if not known:
        return null(SYSNAME)
    return Typed(f"CASE {convert(number, INT).sql} {known}END", SYSNAME)


def _type_name(values: Sequence[Typed], _: Environment) -> Typed:
    (number,) = values
    known = " ".join(f"WHEN {at} THEN '{name}'" for name, at in TYPE_NUMBERS.items())
    return Typed(f"CASE {convert(number, INT).sql} {known} END", SYSNAME)


def _col_length(values: Sequence[Typed], environment: Environment) -> Typed:
    table_name, column_name = values
    table = _table(table_name, environment)
    column = table.column(_words(column_name)) if table else None
    if column is None:
        return null(SMALLINT)
    size = column.type.length * (2 if column.type.is_unicode else 1)
    return constant(size if column.type.length > 0 else -1, SMALLINT)


def _db_name(values: Sequence[Typed], environment: Environment) -> Typed:
    if values:
        raise unsupported("DB_NAME of a number")
    return _name(environment.facts.database)


def _db_id(values: Sequence[Typed], environment: Environment) -> Typed:
    facts = environment.facts
    wanted = _words(values[0]) if values else facts.database
    names = [name.casefold() for name in facts.databases]
    if wanted.casefold() not in names:
        return null(SMALLINT)
    return constant(names.index(wanted.casefold()) + 1, SMALLINT)


def _server_property(values: Sequence[Typed], environment: Environment) -> Typed:
    (value,) = values
    wanted = _words(value).lower()
    if wanted in ("servername", "machinename", "computernamephysicalnetbios"):
        return _name(environment.facts.server)
    if wanted in _NUMBER_PROPERTIES:
        return _int(_NUMBER_PROPERTIES[wanted])
    return _name(_PROPERTIES[wanted]) if wanted in _PROPERTIES else null(SYSNAME)


def _scope_identity(values: Sequence[Typed], environment: Environment) -> Typed:
    if values:
        raise ValueError
    return _identity(environment)


def _identity(environment: Environment) -> Typed:
    """The last identity value, a numeric as on SQL Server."""
    kind = decimal(38, 0)
    last = environment.facts.identity
    return null(kind) if last is None else constant(Decimal(last), kind)


def _user(values: Sequence[Typed], environment: Environment) -> Typed:
    if values:
        raise unsupported("a user's name by number")
    return _name(environment.facts.user)


def _schema(values: Sequence[Typed], _: Environment) -> Typed:
    if values:
        raise unsupported("SCHEMA_NAME of a number")
    return _name("dbo")


def _dbo(values: Sequence[Typed], _: Environment) -> Typed:
    if values:
        raise unsupported("USER_NAME of a number")
    return _name("dbo")


def _host(values: Sequence[Typed], environment: Environment) -> Typed:
    if values:
        raise ValueError
    return _name(environment.facts.host)


def _application(values: Sequence[Typed], environment: Environment) -> Typed:
    if values:
        raise ValueError
    return _name(environment.facts.application)


def _transaction_state(values: Sequence[Typed], environment: Environment) -> Typed:
    if values:
        raise ValueError
    facts = environment.facts
    if facts.doomed:
        return constant(-1, SMALLINT)
    return constant(int(facts.transactions > 0), SMALLINT)


def _of_caught(
    found: Callable[[Caught], Typed], otherwise: Typed
) -> Callable[[Sequence[Typed], Environment], Typed]:
    """A function of the error that a CATCH is about; NULL outside of one."""

    def function(values: Sequence[Typed], environment: Environment) -> Typed:
        if values:
            raise ValueError
        caught = environment.facts.caught
        return otherwise if caught is None else found(caught)

    return function


def _procedure_of(caught: Caught) -> Typed:
    return _name(caught.procedure) if caught.procedure else null(SYSNAME)


def _error_line(_: Sequence[Typed], environment: Environment) -> Typed:
    environment.fixed = False
    raise unsupported("ERROR_LINE")


_MESSAGE = text(4000, unicode=True)

SESSION_FUNCTIONS: dict[str, Callable[[Sequence[Typed], Environment], Typed]] = {
    "OBJECT_ID": _object_id,
    "OBJECT_NAME": _object_name,
    "COL_LENGTH": _col_length,
    "TYPE_NAME": _type_name,
    "DB_NAME": _db_name,
    "DB_ID": _db_id,
    "SERVERPROPERTY": _server_property,
    "SCOPE_IDENTITY": _scope_identity,
    "SUSER_SNAME": _user,
    "SUSER_NAME": _user,
    "ORIGINAL_LOGIN": _user,
    "SYSTEM_USER": _user,
    "USER_NAME": _dbo,
    "CURRENT_USER": _dbo,
    "SESSION_USER": _dbo,
    "USER": _dbo,
    "SCHEMA_NAME": _schema,
    "HOST_NAME": _host,
    "APP_NAME": _application,
    "XACT_STATE": _transaction_state,
    "ERROR_NUMBER": _of_caught(lambda one: _int(one.error.number), null(INT)),
    "ERROR_SEVERITY": _of_caught(lambda one: _int(one.error.severity), null(INT)),
    "ERROR_STATE": _of_caught(lambda one: _int(one.error.state), null(INT)),
    "ERROR_MESSAGE": _of_caught(
        lambda one: constant(str(one.error), _MESSAGE), null(_MESSAGE)
    ),
    "ERROR_LINE": _error_line,
    "ERROR_PROCEDURE": _of_caught(_procedure_of, null(SYSNAME)),
    "OBJECT_DEFINITION": _object_definition,
}

GLOBALS: dict[str, Callable[[Environment], Typed]] = {
    "@@version": lambda _: constant(VERSION, text(300, unicode=True)),
    "@@servername": lambda environment: _name(environment.facts.server),
    "@@servicename": lambda _: _name("MSSQLSERVER"),
    "@@spid": lambda environment: constant(environment.facts.spid, SMALLINT),
    "@@trancount": lambda environment: _int(environment.facts.transactions),
    "@@rowcount": lambda environment: _int(environment.facts.rows),
    "@@error": lambda environment: _int(environment.facts.error),
    "@@identity": _identity,
    "@@language": lambda _: _name("us_english"),
    "@@langid": lambda _: constant(0, SMALLINT),
    "@@datefirst": lambda _: constant(7, TINYINT),
    "@@lock_timeout": lambda environment: _int(environment.facts.lock_timeout),
    "@@max_precision": lambda _: constant(38, TINYINT),
    "@@nestlevel": lambda environment: _int(environment.facts.nest_level),
    "@@microsoftversion": lambda _: _int(0x0F001080),
}
