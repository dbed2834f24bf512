"""CREATE, DROP and ALTER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.tds import commands as c
from sandbox.tds import syntax as s
from sandbox.tds.failures import unsupported
from sandbox.tds.parse_queries import QueryParser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.tds.lexer import Lexeme

_DEFAULT_IDENTITY = (1, 1)
_DROPPABLE = ("DATABASE", "FUNCTION", "PROC", "PROCEDURE", "TRIGGER", "VIEW")


class DefinitionParser(QueryParser):
    """Definitions."""

    def __init__(self, source: str, tokens: Sequence[Lexeme]) -> None:
        """Begin; statements quote their text from the source."""
        super().__init__(tokens)
        self.source = source

    def since(self, start: int) -> str:
        """The text from a place to the last token taken."""
        return self.source[start : self._tokens[max(0, self._at - 1)].end]

    def create(self, start: int) -> c.Statement:
        """Parse CREATE."""
        self.expect("CREATE")
        if self.accept("TABLE"):
            return self._create_table(start)
        if self.accept("SCHEMA"):
            name = self.name()
            return c.CreateSchema(self.since(start), name)
        if self.accept("DATABASE"):
            name = self.name()
            return c.CreateDatabase(self.since(start), name)
        unique = self.accept("UNIQUE")
        self._clustering()
        if self.accept("INDEX"):
            return self._create_index(start, unique=unique)
        raise unsupported(f"CREATE {self.here.raw}")

    def _create_table(self, start: int) -> c.Statement:
        table = s.TableName(self.dotted())
        columns: list[s.ColumnDefinition] = []
        keys: list[s.KeyDefinition] = []
        checks: list[s.CheckDefinition] = []
        self.expect_symbol("(")
        while True:
            name = self.name() if self.accept("CONSTRAINT") else ""
            if self.is_word("PRIMARY", "UNIQUE"):
                keys.append(self._table_key(name))
            elif self.is_word("CHECK"):
                checks.append(self._check(name))
            elif self.is_word("FOREIGN", "INDEX"):
                raise unsupported(f"{self.here.raw} in CREATE TABLE")
            else:
                column = self._column()
                columns.append(column)
                keys.extend(column.keys)
                checks.extend(column.checks)
            if not self.accept_symbol(","):
                break
            if self.is_symbol(")"):  # T-SQL allows a comma after the last column
                break
        self.expect_symbol(")")
        self._storage()
        return c.CreateTable(
            self.since(start), table, tuple(columns), tuple(keys), tuple(checks)
        )

    def _column(self) -> s.ColumnDefinition:  # noqa: C901, PLR0912 - a clause a branch
        name = self.name()
        if self.is_word("AS"):
            raise unsupported(f"computed column {name}")
        kind = self.type_name()
        collation = default = constraint = ""
        nullable: bool | None = None
        identity: tuple[int, int] | None = None
        keys: list[s.KeyDefinition] = []
        checks: list[s.CheckDefinition] = []
        while True:
            if self.accept("COLLATE"):
                collation = self.name()
            elif self.accept("NOT"):
                if self.is_word("FOR"):
                    raise unsupported("NOT FOR REPLICATION")
                self.expect("NULL")
                nullable = False
            elif self.accept("NULL"):
                nullable = True
            elif self.accept("IDENTITY"):
                identity = self._identity()
                nullable = False
            elif self.accept("CONSTRAINT"):
                constraint = self.name()
            elif self.accept("DEFAULT"):
                begin = self.here.start
                self.scalar()
                default = self.since(begin)
            elif self.accept("PRIMARY", "KEY"):
                self._clustering()
                self._storage()
                keys.append(s.KeyDefinition((name,), primary=True, name=constraint))
            elif self.accept("UNIQUE"):
                self._clustering()
                self._storage()
                keys.append(s.KeyDefinition((name,), primary=False, name=constraint))
            elif self.is_word("CHECK"):
                checks.append(self._check(constraint))
            elif self.is_word("REFERENCES", "FOREIGN", "SPARSE", "ROWGUIDCOL"):
                raise unsupported(f"{self.here.raw} in a column")
            else:
                break
        return s.ColumnDefinition(
            name,
            kind,
            collation,
            nullable,
            identity,
            default,
            tuple(keys),
            tuple(checks),
        )

    def _identity(self) -> tuple[int, int]:
        if not self.accept_symbol("("):
            return _DEFAULT_IDENTITY
        seed = self.integer()
        self.expect_symbol(",")
        step = self.integer()
        self.expect_symbol(")")
        return seed, step

    def _table_key(self, name: str) -> s.KeyDefinition:
        primary = self.accept("PRIMARY", "KEY")
        if not primary:
            self.expect("UNIQUE")
        self._clustering()
        columns = self._index_columns()
        self._storage()
        return s.KeyDefinition(columns, primary, name)

    def _check(self, name: str) -> s.CheckDefinition:
        self.expect("CHECK")
        begin = self.here.start
        condition = self.wrapped(self.expression)
        return s.CheckDefinition(condition, self.since(begin), name)

    def _clustering(self) -> None:
        if not self.accept("CLUSTERED"):
            self.accept("NONCLUSTERED")

    def _index_columns(self) -> tuple[str, ...]:
        return self.wrapped(lambda: self.listed(self._index_column))

    def _index_column(self) -> str:
        name = self.name()
        if not self.accept("ASC"):
            self.accept("DESC")
        return name

    def _storage(self) -> None:
        """Where and how a table is stored changes no result."""
        while True:
            if self.is_word("WITH") and self.is_symbol("(", distance=1):
                self.advance()
                self._skip_parentheses()
            elif self.is_word("ON", "TEXTIMAGE_ON") and not self.is_word(
                "DELETE", "UPDATE", distance=1
            ):
                self.advance()
                self._filegroup()
            else:
                return

    def _filegroup(self) -> None:
        if not self.accept("PRIMARY"):
            self.name()
        if self.is_symbol("("):
            self.column_list()

    def _create_index(self, start: int, *, unique: bool) -> c.Statement:
        name = self.name()
        self.expect("ON")
        table = s.TableName(self.dotted())
        columns = self._index_columns()
        if self.accept("INCLUDE"):
            self.column_list()
        if self.is_word("WHERE"):
            raise unsupported("CREATE INDEX ... WHERE")
        self._storage()
        return c.CreateIndex(self.since(start), name, table, columns, unique)

    def drop(self, start: int) -> c.Statement:
        """Parse DROP."""
        self.expect("DROP")
        if self.accept("TABLE"):
            lenient = self.accept("IF", "EXISTS")
            tables = self.listed(lambda: s.TableName(self.dotted()))
            return c.DropTable(self.since(start), tables, lenient)
        if self.accept("INDEX"):
            lenient = self.accept("IF", "EXISTS")
            name = self.name()
            self.expect("ON")
            table = s.TableName(self.dotted())
            return c.DropIndex(self.since(start), name, table, lenient)
        if not self.is_word(*_DROPPABLE):
            raise unsupported(f"DROP {self.here.raw}")
        kind = self.advance().value
        lenient = self.accept("IF", "EXISTS")
        if kind == "DATABASE":
            databases = self.listed(self.name)
            return c.DropDatabases(self.since(start), databases, lenient)
        names = self.listed(lambda: s.TableName(self.dotted()))
        if kind in ("FUNCTION", "TRIGGER"):
            return c.DropOther(self.since(start), kind, names, lenient)
        word = "VIEW" if kind == "VIEW" else "PROCEDURE"
        return c.DropModules(self.since(start), word, names, lenient)

    def alter(self, start: int) -> c.Statement:
        """Parse ALTER TABLE."""
        self.expect("ALTER")
        if not self.accept("TABLE"):
            raise unsupported(f"ALTER {self.here.raw}")
        table = s.TableName(self.dotted())
        if self.accept("ADD"):
            return self._add(start, table)
        if self.accept("ALTER", "COLUMN"):
            column = self._column()
            return c.AlterColumn(self.since(start), table, column)
        if self.accept("DROP"):
            return self._drop_part(start, table)
        raise unsupported(f"ALTER TABLE {table} {self.here.raw}")

    def _add(self, start: int, table: s.TableName) -> c.Statement:
        columns: list[s.ColumnDefinition] = []
        keys: list[s.KeyDefinition] = []
        while True:
            name = self.name() if self.accept("CONSTRAINT") else ""
            if self.is_word("PRIMARY", "UNIQUE"):
                keys.append(self._table_key(name))
            elif self.is_word("FOREIGN", "CHECK", "DEFAULT"):
                raise unsupported(f"ALTER TABLE {table} ADD {self.here.raw}")
            else:
                column = self._column()
                columns.append(column)
                keys.extend(column.keys)
            if not self.accept_symbol(","):
                break
        return c.AddColumns(self.since(start), table, tuple(columns), tuple(keys))

    def _drop_part(self, start: int, table: s.TableName) -> c.Statement:
        if self.accept("COLUMN"):
            lenient = self.accept("IF", "EXISTS")
            columns = self.listed(self.name)
            return c.DropColumns(self.since(start), table, columns, lenient)
        self.accept("CONSTRAINT")
        lenient = self.accept("IF", "EXISTS")
        name = self.name()
        return c.DropConstraint(self.since(start), table, name, lenient)
