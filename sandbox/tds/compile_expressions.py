"""T-SQL expressions into DuckDB's SQL, each with its type."""

# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds import syntax as s
from sandbox.tds.aggregates import AGGREGATES, WINDOW_FUNCTIONS, Modifiers
from sandbox.tds.collations import checked_collation
from sandbox.tds.convert import as_condition, convert
from sandbox.tds.date_functions import DATE_PART_FUNCTIONS
from sandbox.tds.failures import syntax_error, unsupported
from sandbox.tds.functions import FUNCTIONS
from sandbox.tds.like import like
from sandbox.tds.literals import number_constant, text_constant
from sandbox.tds.operators import (
    arithmetic,
    both,
    comparable,
    compare,
    negative,
)
from sandbox.tds.session_functions import GLOBALS
from sandbox.tds.types import INT, Family, SqlType, UnknownTypeError, binary, named
from sandbox.tds.values import Typed, condition, constant, null, unified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.tds.environment import Environment
    from sandbox.tds.scope import Scope
    from sandbox.tds.wire_types import OutputColumn

_COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
_CAST_LENGTH = 30


def declared_type(name: s.TypeName, *, default_length: int = 1) -> SqlType:
    """The type a declaration or a CAST names.

    Raises:
        SqlError: 2715 or 243, there is none.
    """
    try:
        return named(name.name, name.facets, default_length=default_length)
    except (UnknownTypeError, TypeError):
        facets = f"({','.join(map(str, name.facets))})" if name.facets else ""
        raise SqlError(
            f"Type {name.name}{facets} is not a defined system type.", number=243
        ) from None


class ExpressionCompiler:
    """Compiles expressions in a scope; queries inside them come from a subclass."""

    def __init__(self, environment: Environment) -> None:
        """Begin a statement."""
        self.environment = environment

    def query_sql(
        self, _query: s.Query, _outer: Scope
    ) -> tuple[str, tuple[OutputColumn, ...]]:
        """Compile a subquery; only the compiler of queries can.

        Raises:
            SqlError: 1046, this is an expression by itself.
        """
        raise SqlError(
            "Subqueries are not allowed in this context. Only scalar expressions are "
            "allowed.",
            number=1046,
        )

    def condition(self, node: s.Expression, scope: Scope) -> str:
        """DuckDB SQL of a condition.

        Raises:
            SqlError: 4145, it is a value.
        """
        return as_condition(self.compile(node, scope)).sql

    def value(self, node: s.Expression, scope: Scope) -> Typed:
        """A value.

        Raises:
            SqlError: 102, it is a condition.
        """
        found = self.compile(node, scope)
        if found.type is None:
            raise syntax_error("=")
        return found

    def compile(self, node: s.Expression, scope: Scope) -> Typed:  # noqa: C901, PLR0911, PLR0912 - a node a branch
        """Compile any expression."""
        match node:
            case s.Name():
                return scope.resolve(node.parts)
            case s.Number():
                return number_constant(node.text)
            case s.Text():
                return text_constant(node)
            case s.Bytes():
                return constant(node.value, binary(len(node.value)))
            case s.Null():
                return null(INT)
            case s.Variable():
                return self._variable(node.name)
            case s.Unary():
                return self._unary(node, scope)
            case s.Binary():
                return self._binary(node, scope)
            case s.Cast():
                return self._cast(node, scope)
            case s.Collate():
                operand = self.value(node.operand, scope)
                collation = checked_collation(node.collation)
                kind = replace(operand.kind, collation=collation)
                sql = (
                    f"({operand.sql} COLLATE {'NOCASE' if kind.ignores_case else 'C'})"
                )
                return Typed(sql, kind, nullable=operand.nullable)
            case s.Case():
                return self._case(node, scope)
            case s.Call():
                return self._call(node, scope)
            case s.IsNull():
                operand = self.value(node.operand, scope)
                return condition(f"({operand.sql} IS {'NOT ' * node.negated}NULL)")
            case s.Between():
                return self._between(node, scope)
            case s.Like():
                return self._like(node, scope)
            case s.InList():
                return self._in_list(node, scope)
            case s.InQuery():
                return self._in_query(node, scope)
            case s.Exists():
                sql, _ = self.query_sql(node.query, scope)
                return condition(f"EXISTS ({sql})")
            case s.Scalar():
                sql, columns = self.query_sql(node.query, scope)
                if len(columns) != 1:
                    raise SqlError(
                        "Only one expression can be specified in the select list when "
                        "the subquery is not introduced with EXISTS.",
                        number=116,
                    )
                return Typed(f"({sql})", columns[0].type)
            case s.Default():
                raise syntax_error("DEFAULT")
            case _:
                raise syntax_error("*")

    def _variable(self, name: str) -> Typed:
        if not name.startswith("@@"):
            return self.environment.variable(name)
        found = GLOBALS.get(name)
        if found is None:
            raise unsupported(name)
        return found(self.environment)

    def _unary(self, node: s.Unary, scope: Scope) -> Typed:
        if node.operator == "NOT":
            return condition(f"(NOT {self.condition(node.operand, scope)})")
        operand = self.value(node.operand, scope)
        if node.operator == "-":
            return negative(operand)
        if node.operator == "~":
            if operand.kind.family is Family.BIT:
                return replace(operand, sql=f"(NOT {operand.sql})", constant=None)
            return replace(operand, sql=f"(~{operand.sql})", constant=None)
        return operand

    def _binary(self, node: s.Binary, scope: Scope) -> Typed:
        if node.operator in ("AND", "OR"):
            return both(
                node.operator,
                condition(self.condition(node.left, scope)),
                condition(self.condition(node.right, scope)),
            )
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        if node.operator in _COMPARISONS:
            return compare(node.operator, left, right)
        return arithmetic(node.operator, left, right)

    def _cast(self, node: s.Cast, scope: Scope) -> Typed:
        target = declared_type(node.type, default_length=_CAST_LENGTH)
        operand = self.value(node.operand, scope)
        style = 0
        if node.style is not None:
            known = convert(self.value(node.style, scope), INT).constant
            if not isinstance(known, int):
                raise unsupported("CONVERT with a style that is no constant")
            style = known
        return convert(operand, target, style=style, lenient=node.lenient)

    def _case(self, node: s.Case, scope: Scope) -> Typed:
        results = [self.value(result, scope) for _, result in node.branches]
        otherwise = null(INT)
        if node.otherwise is not None:
            otherwise = self.value(node.otherwise, scope)
        kind = unified([*results, otherwise])
        parts = []
        operand = self.value(node.operand, scope) if node.operand else None
        for (test, _), result in zip(node.branches, results, strict=True):
            if operand is None:
                when = self.condition(test, scope)
            else:
                when = compare("=", operand, self.value(test, scope)).sql
            parts.append(f"WHEN {when} THEN {convert(result, kind).sql}")
        sql = f"CASE {' '.join(parts)} ELSE {convert(otherwise, kind).sql} END"
        nullable = any(one.nullable for one in (*results, otherwise))
        return Typed(f"({sql})", kind, nullable=nullable)

    def _between(self, node: s.Between, scope: Scope) -> Typed:
        operand = self.value(node.operand, scope)
        low = compare(">=", operand, self.value(node.low, scope))
        high = compare("<=", operand, self.value(node.high, scope))
        found = both("AND", low, high)
        return condition(f"(NOT {found.sql})") if node.negated else found

    def _like(self, node: s.Like, scope: Scope) -> Typed:
        escape = self.value(node.escape, scope) if node.escape else None
        found = like(
            self.value(node.operand, scope), self.value(node.pattern, scope), escape
        )
        return condition(f"(NOT {found})") if node.negated else condition(found)

    def _in_list(self, node: s.InList, scope: Scope) -> Typed:
        operand = self.value(node.operand, scope)
        choices = [self.value(choice, scope) for choice in node.choices]
        kind = unified([operand, *choices])
        shown = [comparable(_as_text(choice, kind), operand)[0] for choice in choices]
        left = comparable(operand, choices[0] if len(choices) == 1 else null(kind))[0]
        if kind.family is Family.TEXT or operand.kind.family is kind.family:
            return condition(f"({left} {'NOT ' * node.negated}IN ({', '.join(shown)}))")
        tests = [compare("=", operand, choice).sql for choice in choices]
        joined = f"({' OR '.join(tests)})"
        return condition(f"(NOT {joined})" if node.negated else joined)

    def _in_query(self, node: s.InQuery, scope: Scope) -> Typed:
        operand = self.value(node.operand, scope)
        sql, columns = self.query_sql(node.query, scope)
        if len(columns) != 1:
            raise SqlError(
                "Only one expression can be specified in the select list when the "
                "subquery is not introduced with EXISTS.",
                number=116,
            )
        left, right = comparable(operand, Typed('"s"."v"', columns[0].type))
        word = "NOT IN" if node.negated else "IN"
        return condition(f'({left} {word} (SELECT {right} FROM ({sql}) AS "s"("v")))')

    def _call(self, node: s.Call, scope: Scope) -> Typed:
        if node.name in AGGREGATES:
            return self._aggregate(node, scope)
        if node.name in WINDOW_FUNCTIONS:
            if node.window is None:
                raise SqlError(
                    f"The function '{node.name}' must have an OVER clause.",
                    number=10753,
                    severity=15,
                )
            values = [self.value(one, scope) for one in node.arguments]
            over = self._over(node.window, scope)
            return WINDOW_FUNCTIONS[node.name](values, over)
        if node.window is not None or node.distinct or node.within:
            raise syntax_error(node.name)
        if node.name in DATE_PART_FUNCTIONS:
            return self._date_part_call(node, scope)
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise SqlError(
                f"'{node.name}' is not a recognized built-in function name.",
                number=195,
                severity=15,
            )
        values = [self._argument(one, scope) for one in node.arguments]
        try:
            return function(values, self.environment)
        except (ValueError, IndexError):
            raise SqlError(
                f"The {node.name.lower()} function was given {len(values)} arguments, "
                "which is not what it takes.",
                number=174,
                severity=15,
            ) from None

    def _argument(self, node: s.Expression, scope: Scope) -> Typed:
        """An argument: a value, and of IIF a condition."""
        return self.compile(node, scope)

    def _date_part_call(self, node: s.Call, scope: Scope) -> Typed:
        if not node.arguments or not isinstance(node.arguments[0], s.Name):
            raise SqlError(
                f"Invalid parameter 1 specified for {node.name.lower()}.",
                number=1023,
                severity=15,
            )
        part = node.arguments[0].parts[-1].lower()
        values = [self.value(one, scope) for one in node.arguments[1:]]
        try:
            return DATE_PART_FUNCTIONS[node.name](part, values)
        except (ValueError, IndexError):
            raise SqlError(
                f"The {node.name.lower()} function requires another number of "
                "arguments.",
                number=174,
                severity=15,
            ) from None

    def _aggregate(self, node: s.Call, scope: Scope) -> Typed:
        star = len(node.arguments) == 1 and isinstance(node.arguments[0], s.Star)
        values = []
        if not star:
            values = [self.value(one, scope) for one in node.arguments]
        over = self._over(node.window, scope) if node.window else ""
        order = self.order_by(node.within, scope)
        return AGGREGATES[node.name](values, Modifiers(node.distinct, over, order))

    def _over(self, window: s.Window, scope: Scope) -> str:
        parts = []
        if window.partition:
            keys = ", ".join(self.value(one, scope).sql for one in window.partition)
            parts.append(f"PARTITION BY {keys}")
        if window.order:
            parts.append(self.order_by(window.order, scope))
        if window.frame:
            parts.append(window.frame)
        return f" OVER ({' '.join(parts)})"

    def order_by(self, items: Sequence[s.OrderItem], scope: Scope) -> str:
        """ORDER BY of a window or an aggregate; NULLs are the least values."""
        if not items:
            return ""
        keys = (ordered(self.value(i.expression, scope).sql, i) for i in items)
        return "ORDER BY " + ", ".join(keys)


def ordered(sql: str, item: s.OrderItem) -> str:
    """A key of ORDER BY with its direction."""
    return f"{sql} DESC NULLS LAST" if item.descending else f"{sql} ASC NULLS FIRST"


def _as_text(value: Typed, kind: SqlType) -> Typed:
    return value if kind.family is not Family.TEXT else convert(value, kind)
