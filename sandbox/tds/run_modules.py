"""Runs CREATE, ALTER and DROP of procedures and views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds.compile_queries import QueryCompiler
from sandbox.tds.failures import cannot_drop, name_taken
from sandbox.tds.modules import Module, ModuleKind
from sandbox.tds.result_columns import renamed

if TYPE_CHECKING:
    from sandbox.tds.session import TdsSession
    from sandbox.tds.syntax import TableName


def run(session: TdsSession, statement: c.Statement) -> bool:
    """Run a module's definition; False if the statement is none."""
    if isinstance(statement, c.CreateModule):
        with session.atomic():
            _create(session, statement)
        return True
    if isinstance(statement, c.DropModules):
        with session.atomic():
            for name in statement.names:
                _drop(session, name, statement)
        return True
    return False


def _create(session: TdsSession, statement: c.CreateModule) -> None:
    environment = session.environment()
    schema, name = environment.resolve(statement.name)
    kind = ModuleKind[statement.word]
    before = session.tables.entry(schema, name)
    if before is None and statement.verb == "ALTER":
        raise SqlError(f"Invalid object name '{statement.name}'.", number=208, state=6)
    replaces = isinstance(before, Module) and before.kind is kind
    if before is not None and (statement.verb == "CREATE" or not replaces):
        raise name_taken(name, state=3)
    if statement.query is not None:  # a view's names are bound at once
        columns = QueryCompiler(environment).query(statement.query).columns
        renamed(columns, statement.columns, name)
    module = Module(
        schema,
        name,
        kind,
        statement.text,
        before.object_id if before else session.database.catalog.next_object_id(),
        session.options.quoted_identifier,
    )
    session.tables.put(session.engine, module)


def _drop(session: TdsSession, name: TableName, statement: c.DropModules) -> None:
    schema, own = session.environment().resolve(name)
    kind = ModuleKind[statement.word]
    module = session.tables.module(schema, own, kind)
    if module is not None:
        session.tables.remove(session.engine, module)
        return
    if statement.lenient:
        return
    if session.tables.entry(schema, own) is not None:
        raise SqlError(
            f"Cannot use DROP {statement.word} with '{name}' because '{name}' is an "
            "object of another kind.",
            number=3705,
        )
    raise cannot_drop(f"{kind.word} '{name}'", state=5)
