"""What a statement sees besides its own text: tables, variables, the session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sandbox.errors import SqlError
from sandbox.tds.failures import invalid_object, unsupported
from sandbox.tds.modules import ModuleKind
from sandbox.tds.tables import DEFAULT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.tds.modules import Module
    from sandbox.tds.syntax import TableName
    from sandbox.tds.tables import Table
    from sandbox.tds.values import Typed


class Tables(Protocol):
    """Where a session finds tables."""

    def find(self, schema: str, name: str) -> Table | None:
        """Return the table of a name, in any case."""

    def all(self) -> Sequence[Table]:
        """Return every table there is, without temporary ones."""

    def entry(self, schema: str, name: str) -> Table | Module | None:
        """Return whatever has a name, in any case."""

    def module(self, schema: str, name: str, kind: ModuleKind) -> Module | None:
        """Return the procedure or view of a name, in any case."""

    def modules(self) -> Sequence[Module]:
        """Return every procedure and view there is."""


@dataclass(frozen=True, slots=True)
class Caught:
    """The error that a CATCH is about.

    Attributes:
        procedure: The one it was raised in, '' for none.
    """

    error: SqlError
    procedure: str


@dataclass
class Facts:
    """What a session tells about itself.

    Attributes:
        now: Ticks since 0001-01-01 when the statement began, UTC.
        identity: The last identity value the session inserted.
        scope_identity: The last that the procedure or batch inserted itself.
        nest_level: How deep in procedures the session is.
        caught: What the innermost CATCH has caught.
        doomed: Whether the transaction can only be rolled back.
        rows: Rows of the last statement.
        error: Number of the last statement's error, 0 after a success.
    """

    server: str = ""
    database: str = ""
    databases: tuple[str, ...] = ()
    user: str = ""
    host: str = ""
    application: str = ""
    spid: int = 0
    now: int = 0
    transactions: int = 0
    identity: int | None = None
    scope_identity: int | None = None
    nest_level: int = 0
    caught: Caught | None = None
    doomed: bool = False
    rows: int = 0
    error: int = 0
    lock_timeout: int = -1


@dataclass
class Environment:
    """The surroundings of one statement while it is compiled.

    Attributes:
        fixed: Whether the outcome depends on nothing but the text and the tables;
            reading a variable or a fact of the session ends that.
        constant: Whether the compiled SQL answers the same whenever it is run; reading
            a table ends that, and so does NEWID.
    """

    tables: Tables
    variables: Mapping[str, Typed]
    session: Facts
    fixed: bool = field(default=True)
    constant: bool = field(default=True)

    @property
    def facts(self) -> Facts:
        """The session's facts; what is compiled from them holds once.

        What only depends on the database's name may ask `session` for it: compiled
        queries are remembered for each database apart.
        """
        self.fixed = False
        return self.session

    def variable(self, name: str) -> Typed:
        """The value of @name.

        Raises:
            SqlError: 137, it is not declared.
        """
        self.fixed = False
        try:
            return self.variables[name]
        except KeyError:
            raise SqlError(
                f'Must declare the scalar variable "{name}".', number=137, severity=15
            ) from None

    def table(self, name: TableName) -> Table:
        """The table of a name.

        Raises:
            SqlError: 208, there is none; 40515, it is another database's.
        """
        self.constant = False
        schema, own = self.resolve(name)
        found = self.tables.find(schema, own)
        if found is None and self.view(name) is not None:
            raise unsupported(f"a change through the view {name}")
        if found is None:
            raise invalid_object(str(name))
        return found

    def view(self, name: TableName) -> Module | None:
        """The view of a name, if it is one's."""
        schema, own = self.resolve(name)
        return self.tables.module(schema, own, ModuleKind.VIEW)

    def resolve(self, name: TableName) -> tuple[str, str]:
        """Schema and name of a name in one to three parts.

        Raises:
            SqlError: 40515, the first part is another database.
        """
        if len(name.parts) > 3:  # noqa: PLR2004 - server, database, schema, table
            raise unsupported(f"four-part name {name}")
        *front, own = name.parts
        if len(front) > 1 and front[0].casefold() not in ("", "tempdb"):
            database = front[0]
            if database.casefold() != self.facts.database.casefold():
                raise SqlError(
                    f"Reference to database and/or server name in '{name}' is not "
                    "supported in this version of SQL Server.",
                    number=40515,
                )
        return (front[-1] if front and front[-1] else DEFAULT_SCHEMA), own
