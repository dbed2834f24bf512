"""The statements of T-SQL that the sandbox knows, as the parser makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.tds.syntax import (
        CheckDefinition,
        ColumnDefinition,
        CommonTable,
        Expression,
        KeyDefinition,
        OutputClause,
        Query,
        Source,
        TableName,
        TypeName,
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        text: As it stands in the batch.
    """

    text: str


@dataclass(frozen=True, slots=True)
class SelectStatement(Statement):
    """A query on its own, or SELECT @x = ..."""

    query: Query


@dataclass(frozen=True, slots=True)
class Insert(Statement):
    """INSERT; no query means DEFAULT VALUES."""

    table: TableName
    columns: tuple[str, ...]
    query: Query | None
    output: OutputClause | None = None


@dataclass(frozen=True, slots=True)
class InsertBulk(Statement):
    """INSERT BULK: the rows come in the client's next message.

    Attributes:
        keeps_nulls: Whether a NULL stays one where the column has a default.
    """

    table: TableName
    columns: tuple[str, ...]
    keeps_nulls: bool


@dataclass(frozen=True, slots=True)
class Update(Statement):
    """UPDATE; `target` may be an alias of `source`."""

    target: TableName
    assignments: tuple[tuple[str, Expression], ...]
    source: Source | None
    where: Expression | None
    tables: tuple[CommonTable, ...] = ()
    output: OutputClause | None = None


@dataclass(frozen=True, slots=True)
class Delete(Statement):
    """DELETE; `target` may be an alias of `source`."""

    target: TableName
    source: Source | None
    where: Expression | None
    tables: tuple[CommonTable, ...] = ()
    output: OutputClause | None = None


@dataclass(frozen=True, slots=True)
class Truncate(Statement):
    """TRUNCATE TABLE."""

    table: TableName


@dataclass(frozen=True, slots=True)
class CreateTable(Statement):
    """CREATE TABLE."""

    table: TableName
    columns: tuple[ColumnDefinition, ...]
    keys: tuple[KeyDefinition, ...]
    checks: tuple[CheckDefinition, ...]


@dataclass(frozen=True, slots=True)
class DropTable(Statement):
    """DROP TABLE [IF EXISTS]."""

    tables: tuple[TableName, ...]
    lenient: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a procedure; without a default it must be given."""

    name: str
    type: TypeName
    default: Expression | None = None
    output: bool = False


@dataclass(frozen=True, slots=True)
class CreateModule(Statement):
    """CREATE, ALTER or CREATE OR ALTER of a PROCEDURE or a VIEW.

    Attributes:
        columns: A view's own names for what its query gives.
    """

    name: TableName
    verb: str
    word: str
    parameters: tuple[Parameter, ...] = ()
    body: tuple[Statement, ...] = ()
    columns: tuple[str, ...] = ()
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class DropModules(Statement):
    """DROP of PROCEDUREs or VIEWs."""

    word: str
    names: tuple[TableName, ...]
    lenient: bool


@dataclass(frozen=True, slots=True)
class DropDatabases(Statement):
    """DROP DATABASE."""

    names: tuple[str, ...]
    lenient: bool


@dataclass(frozen=True, slots=True)
class DropOther(Statement):
    """DROP of what the sandbox never has: a function, a trigger."""

    kind: str
    names: tuple[TableName, ...]
    lenient: bool


@dataclass(frozen=True, slots=True)
class AddColumns(Statement):
    """ALTER TABLE ... ADD columns and keys."""

    table: TableName
    columns: tuple[ColumnDefinition, ...]
    keys: tuple[KeyDefinition, ...]


@dataclass(frozen=True, slots=True)
class DropColumns(Statement):
    """ALTER TABLE ... DROP COLUMN."""

    table: TableName
    columns: tuple[str, ...]
    lenient: bool


@dataclass(frozen=True, slots=True)
class DropConstraint(Statement):
    """ALTER TABLE ... DROP CONSTRAINT."""

    table: TableName
    name: str
    lenient: bool


@dataclass(frozen=True, slots=True)
class AlterColumn(Statement):
    """ALTER TABLE ... ALTER COLUMN."""

    table: TableName
    column: ColumnDefinition


@dataclass(frozen=True, slots=True)
class CreateIndex(Statement):
    """CREATE [UNIQUE] INDEX."""

    name: str
    table: TableName
    columns: tuple[str, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class DropIndex(Statement):
    """DROP INDEX [IF EXISTS] name ON table."""

    name: str
    table: TableName
    lenient: bool


@dataclass(frozen=True, slots=True)
class CreateSchema(Statement):
    """CREATE SCHEMA."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateDatabase(Statement):
    """CREATE DATABASE."""

    name: str


@dataclass(frozen=True, slots=True)
class Begin(Statement):
    """BEGIN TRANSACTION."""


@dataclass(frozen=True, slots=True)
class Commit(Statement):
    """COMMIT."""


@dataclass(frozen=True, slots=True)
class Rollback(Statement):
    """ROLLBACK, of all or to a savepoint."""

    savepoint: str = ""


@dataclass(frozen=True, slots=True)
class Save(Statement):
    """SAVE TRANSACTION."""

    savepoint: str


@dataclass(frozen=True, slots=True)
class Use(Statement):
    """USE."""

    database: str


@dataclass(frozen=True, slots=True)
class SetOption(Statement):
    """SET name value, as words."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SetVariable(Statement):
    """SET @x = value."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Declare(Statement):
    """DECLARE @x type [= value], ..."""

    variables: tuple[tuple[str, TypeName, Expression | None], ...]


@dataclass(frozen=True, slots=True)
class Print(Statement):
    """PRINT."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Raise(Statement):
    """RAISERROR or THROW; `number` is given by THROW only."""

    number: Expression | None
    message: Expression
    severity: Expression | None
    state: Expression
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Rethrow(Statement):
    """THROW without arguments, in a CATCH."""


@dataclass(frozen=True, slots=True)
class If(Statement):
    """IF condition statement [ELSE statement]."""

    condition: Expression
    then: Statement
    otherwise: Statement | None


@dataclass(frozen=True, slots=True)
class While(Statement):
    """WHILE condition statement."""

    condition: Expression
    body: Statement


@dataclass(frozen=True, slots=True)
class Block(Statement):
    """BEGIN statements END."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Try(Statement):
    """BEGIN TRY ... END TRY BEGIN CATCH ... END CATCH."""

    body: tuple[Statement, ...]
    handler: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Jump(Statement):
    """BREAK, CONTINUE or RETURN; RETURN may have a value."""

    word: str
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of EXEC; the name is '' for one given by its place."""

    name: str
    value: Expression
    output: bool = False


@dataclass(frozen=True, slots=True)
class Execute(Statement):
    """EXEC [@result =] procedure arguments."""

    procedure: TableName
    arguments: tuple[Argument, ...]
    result: str = ""


@dataclass(frozen=True, slots=True)
class ExecuteText(Statement):
    """EXEC ('...')."""

    command: Expression


@dataclass(frozen=True, slots=True)
class WaitFor(Statement):
    """WAITFOR DELAY 'hh:mm:ss'."""

    delay: Expression
