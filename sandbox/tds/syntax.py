"""The syntax tree of T-SQL: what the parser makes and the compiler reads."""

from __future__ import annotations

from dataclasses import dataclass, field

# --- expressions


@dataclass(frozen=True, slots=True)
class Expression:
    """Anything with a value, and conditions."""


@dataclass(frozen=True, slots=True)
class Null(Expression):
    """NULL."""


@dataclass(frozen=True, slots=True)
class Default(Expression):
    """DEFAULT, in VALUES and UPDATE."""


@dataclass(frozen=True, slots=True)
class Number(Expression):
    """A number as it was written; `$` begins money, `e` makes it a float."""

    text: str


@dataclass(frozen=True, slots=True)
class Text(Expression):
    """A string, with or without N."""

    value: str
    unicode: bool


@dataclass(frozen=True, slots=True)
class Bytes(Expression):
    """0x..."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A column, with what stands before its dots."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Star(Expression):
    """`*` or `t.*`."""

    source: str = ""


@dataclass(frozen=True, slots=True)
class Variable(Expression):
    """@name or @@name."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """-x, +x, ~x, NOT x."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """Arithmetic, comparison, AND, OR."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as it was written."""

    name: str
    facets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cast(Expression):
    """CAST, CONVERT and their TRY_ forms."""

    operand: Expression
    type: TypeName
    style: Expression | None = None
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Collate(Expression):
    """X COLLATE name."""

    operand: Expression
    collation: str


@dataclass(frozen=True, slots=True)
class Case(Expression):
    """CASE; an operand makes it the simple form."""

    operand: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One key of ORDER BY."""

    expression: Expression
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """OVER (...). The frame is kept as its words."""

    partition: tuple[Expression, ...] = ()
    order: tuple[OrderItem, ...] = ()
    frame: str = ""


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function; `COUNT(*)` has a Star for its argument."""

    name: str
    arguments: tuple[Expression, ...]
    distinct: bool = False
    window: Window | None = None
    within: tuple[OrderItem, ...] = ()


@dataclass(frozen=True, slots=True)
class IsNull(Expression):
    """IS [NOT] NULL."""

    operand: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Between(Expression):
    """[NOT] BETWEEN."""

    operand: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Like(Expression):
    """[NOT] LIKE."""

    operand: Expression
    pattern: Expression
    escape: Expression | None
    negated: bool


@dataclass(frozen=True, slots=True)
class InList(Expression):
    """[NOT] IN (values)."""

    operand: Expression
    choices: tuple[Expression, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InQuery(Expression):
    """[NOT] IN (SELECT ...)."""

    operand: Expression
    query: Query
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists(Expression):
    """EXISTS (SELECT ...)."""

    query: Query


@dataclass(frozen=True, slots=True)
class Scalar(Expression):
    """(SELECT ...) as a value."""

    query: Query


# --- queries


@dataclass(frozen=True, slots=True)
class TableName:
    """A table's name in up to three parts; the last is the table's."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        """Write it with dots."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Source:
    """What stands in FROM."""


@dataclass(frozen=True, slots=True)
class TableSource(Source):
    """A table or a common table expression."""

    table: TableName
    alias: str = ""


@dataclass(frozen=True, slots=True)
class FunctionSource(Source):
    """A function that gives a table."""

    function: TableName
    arguments: tuple[Expression, ...]
    alias: str


@dataclass(frozen=True, slots=True)
class DerivedSource(Source):
    """(SELECT ...) AS alias (columns)."""

    query: Query
    alias: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join(Source):
    """Two sources; `kind` is DuckDB's own spelling of the join."""

    kind: str
    left: Source
    right: Source
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class SelectItem:
    """An item of the select list; a variable makes it an assignment."""

    expression: Expression
    alias: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class QueryBody:
    """SELECT, VALUES, or two bodies under a set operator."""


@dataclass(frozen=True, slots=True)
class Select(QueryBody):
    """SELECT."""

    items: tuple[SelectItem, ...]
    distinct: bool = False
    top: Expression | None = None
    source: Source | None = None
    where: Expression | None = None
    group: tuple[Expression, ...] = ()
    having: Expression | None = None
    into: TableName | None = None


@dataclass(frozen=True, slots=True)
class Values(QueryBody):
    """VALUES (...), (...)."""

    rows: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class SetOperation(QueryBody):
    """UNION [ALL], EXCEPT, INTERSECT."""

    operator: str
    left: QueryBody
    right: QueryBody


@dataclass(frozen=True, slots=True)
class CommonTable:
    """WITH name (columns) AS (query)."""

    name: str
    columns: tuple[str, ...]
    query: Query


@dataclass(frozen=True, slots=True)
class Query:
    """A body with what may stand around it."""

    body: QueryBody
    tables: tuple[CommonTable, ...] = ()
    order: tuple[OrderItem, ...] = ()
    offset: Expression | None = None
    fetch: Expression | None = None


@dataclass(frozen=True, slots=True)
class OutputClause:
    """OUTPUT items [INTO table (columns)]."""

    items: tuple[SelectItem, ...]
    into: TableName | None = None
    columns: tuple[str, ...] = ()


# --- definitions


@dataclass(frozen=True, slots=True)
class KeyDefinition:
    """PRIMARY KEY or UNIQUE over columns."""

    columns: tuple[str, ...]
    primary: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class CheckDefinition:
    """CHECK, with its text for the catalog."""

    condition: Expression
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column of CREATE TABLE or ALTER TABLE; `default` is the value's text."""

    name: str
    type: TypeName
    collation: str = ""
    nullable: bool | None = None
    identity: tuple[int, int] | None = None
    default: str = ""
    keys: tuple[KeyDefinition, ...] = ()
    checks: tuple[CheckDefinition, ...] = field(default=())
