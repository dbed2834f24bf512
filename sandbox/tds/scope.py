"""Which columns a name may mean, from the inner query outwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.tds.failures import invalid_column
from sandbox.tds.values import Typed
from sandbox.tds.wire_types import OutputColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.tds.tables import Table


@dataclass(frozen=True, slots=True)
class ScopeSource:
    """A table of FROM, under the name its columns are qualified with.

    Attributes:
        alias: Its name in the query.
        relation: Its alias in DuckDB's SQL.
    """

    alias: str
    relation: str
    columns: tuple[OutputColumn, ...]

    def typed(self, column: OutputColumn) -> Typed:
        """A reference to one of its columns."""
        return Typed(
            f"{self.relation}.{quoted(column.name)}",
            column.type,
            nullable=column.nullable,
            identity=column.identity,
            origin=column.origin,
        )

    def find(self, name: str) -> OutputColumn | None:
        """The column of a name, in any case."""
        folded = name.casefold()
        return next((c for c in self.columns if c.name.casefold() == folded), None)


def table_source(table: Table, alias: str) -> ScopeSource:
    """A table as a source of columns, under an alias."""
    columns = tuple(OutputColumn(c.name, c.type, c.nullable) for c in table.columns)
    return ScopeSource(alias, quoted(alias), columns)


@dataclass(slots=True)
class Scope:
    """The sources of a query, and the scope around it."""

    sources: list[ScopeSource] = field(default_factory=list)
    outer: Scope | None = None

    def resolve(self, parts: Sequence[str]) -> Typed:
        """The column a name means.

        Raises:
            SqlError: 207 or 4104, none; 209, more than one.
        """
        scope: Scope | None = self
        while scope is not None:
            found = scope.here(parts)
            if found is not None:
                return found
            scope = scope.outer
        if len(parts) > 1:
            raise SqlError(
                f'The multi-part identifier "{".".join(parts)}" could not be bound.',
                number=4104,
            )
        raise invalid_column(parts[-1])

    def here(self, parts: Sequence[str]) -> Typed | None:
        """The column a name means in this scope alone, None without one."""
        *front, name = parts
        matches = []
        for source in self.sources:
            if front and source.alias.casefold() != front[-1].casefold():
                continue
            column = source.find(name)
            if column is not None:
                matches.append(source.typed(column))
            elif front:
                raise invalid_column(name)
        if len(matches) > 1:
            raise SqlError(f"Ambiguous column name '{name}'.", number=209)
        return matches[0] if matches else None

    def star(self, alias: str) -> list[tuple[str, Typed]]:
        """The columns of `*` or `alias.*`, with their names.

        Raises:
            SqlError: 107, there is no such source; 263, there is no FROM.
        """
        chosen = [
            source
            for source in self.sources
            if not alias or source.alias.casefold() == alias.casefold()
        ]
        if not chosen and alias:
            raise SqlError(
                f"The column prefix '{alias}' does not match with a table name or "
                "alias name used in the query.",
                number=107,
                severity=15,
            )
        if not chosen:
            raise SqlError("Must specify table to select from.", number=263)
        return [(c.name, s.typed(c)) for s in chosen for c in s.columns]
