"""T-SQL queries: SELECT with all that stands around it."""

from __future__ import annotations

from sandbox.tds import syntax as s
from sandbox.tds.failures import unsupported
from sandbox.tds.lexer import Kind
from sandbox.tds.parse_expressions import ExpressionParser

# Hints change how SQL Server reads, never what a quiet database answers.
_HINTS = frozenset(
    [
        "NOLOCK",
        "READUNCOMMITTED",
        "READCOMMITTED",
        "READCOMMITTEDLOCK",
        "REPEATABLEREAD",
        "SERIALIZABLE",
        "HOLDLOCK",
        "UPDLOCK",
        "XLOCK",
        "ROWLOCK",
        "PAGLOCK",
        "TABLOCK",
        "TABLOCKX",
        "NOWAIT",
        "READPAST",
        "SNAPSHOT",
        "FORCESEEK",
        "FORCESCAN",
        "NOEXPAND",
    ]
)
_JOINS: dict[tuple[str, ...], str] = {
    ("INNER", "JOIN"): "INNER JOIN",
    ("JOIN",): "INNER JOIN",
    ("LEFT", "JOIN"): "LEFT JOIN",
    ("LEFT", "OUTER", "JOIN"): "LEFT JOIN",
    ("RIGHT", "JOIN"): "RIGHT JOIN",
    ("RIGHT", "OUTER", "JOIN"): "RIGHT JOIN",
    ("FULL", "JOIN"): "FULL JOIN",
    ("FULL", "OUTER", "JOIN"): "FULL JOIN",
}
_CROSS_JOINS: dict[tuple[str, ...], str] = {
    ("CROSS", "JOIN"): "CROSS JOIN",
    ("CROSS", "APPLY"): "CROSS JOIN LATERAL",
    ("OUTER", "APPLY"): "LEFT JOIN LATERAL",
}


class QueryParser(ExpressionParser):
    """Queries."""

    def query(self) -> s.Query:
        """Parse a query with its WITH, ORDER BY, OFFSET and OPTION."""
        tables = self.common_tables()
        body = self._body()
        order: tuple[s.OrderItem, ...] = ()
        offset = fetch = None
        if self.is_word("ORDER"):
            order = self.order()
            if self.accept("OFFSET"):
                offset = self.scalar()
                self._rows()
                if self.accept("FETCH"):
                    fetch = self._fetch()
        if self.is_word("FOR"):
            raise unsupported(f"SELECT ... FOR {self.ahead().raw}")
        if self.accept("OPTION"):
            self._skip_parentheses()
        return s.Query(body, tables, order, offset, fetch)

    def _rows(self) -> None:
        if not (self.accept("ROWS") or self.accept("ROW")):
            raise self.unexpected()

    def _fetch(self) -> s.Expression:
        if not (self.accept("NEXT") or self.accept("FIRST")):
            raise self.unexpected()
        count = self.scalar()
        self._rows()
        self.expect("ONLY")
        return count

    def _skip_parentheses(self) -> None:
        """OPTION (...) and storage options: they change no result."""
        self.expect_symbol("(")
        depth = 1
        while depth:
            token = self.advance()
            if token.kind is Kind.END:
                raise self.unexpected()
            if token.kind is Kind.SYMBOL:
                depth += {"(": 1, ")": -1}.get(token.value, 0)

    def common_tables(self) -> tuple[s.CommonTable, ...]:
        """Parse WITH, if it follows."""
        if not self.accept("WITH"):
            return ()
        return self.listed(self._common_table)

    def _common_table(self) -> s.CommonTable:
        name = self.name()
        columns = self.column_list() if self.is_symbol("(") else ()
        self.expect("AS")
        return s.CommonTable(name, columns, self.wrapped(self.query))

    def column_list(self) -> tuple[str, ...]:
        """Names in parentheses."""
        return self.wrapped(lambda: self.listed(self.name))

    def _body(self) -> s.QueryBody:
        left = self._intersection()
        while self.is_word("UNION", "EXCEPT"):
            operator = self.advance().value
            if operator == "UNION" and self.accept("ALL"):
                operator = "UNION ALL"
            left = s.SetOperation(operator, left, self._intersection())
        return left

    def _intersection(self) -> s.QueryBody:
        left = self._operand()
        while self.accept("INTERSECT"):
            left = s.SetOperation("INTERSECT", left, self._operand())
        return left

    def _operand(self) -> s.QueryBody:
        if self.is_symbol("("):
            return self.wrapped(self._body)
        if self.is_word("VALUES"):
            return self.values()
        return self._select()

    def values(self) -> s.Values:
        """Parse VALUES (...), (...)."""
        self.expect("VALUES")
        return s.Values(self.listed(self._row))

    def _row(self) -> tuple[s.Expression, ...]:
        return self.wrapped(lambda: self.listed(self.expression))

    def _select(self) -> s.Select:
        self.expect("SELECT")
        distinct = self.accept("DISTINCT")
        if not distinct:
            self.accept("ALL")
        top = self._top() if self.accept("TOP") else None
        items = self.listed(self.select_item)
        into = s.TableName(self.dotted()) if self.accept("INTO") else None
        source = self.sources() if self.accept("FROM") else None
        where = self.expression() if self.accept("WHERE") else None
        group: tuple[s.Expression, ...] = ()
        if self.accept("GROUP", "BY"):
            group = self.listed(self.expression)
            if self.is_word("WITH"):
                raise unsupported("GROUP BY ... WITH")
        having = self.expression() if self.accept("HAVING") else None
        return s.Select(items, distinct, top, source, where, group, having, into)

    def _top(self) -> s.Expression:
        if self.is_symbol("("):
            count = self.wrapped(self.expression)
        else:
            count = s.Number(str(self.integer()))
        if self.is_word("PERCENT"):
            raise unsupported("TOP ... PERCENT")
        if self.is_word("WITH") and self.is_word("TIES", distance=1):
            raise unsupported("TOP ... WITH TIES")
        return count

    def select_item(self) -> s.SelectItem:
        """Parse an item of a select list or of OUTPUT."""
        if self.is_symbol("=", distance=1):
            if self.here.kind is Kind.VARIABLE:
                variable = self.advance().value.lower()
                self.advance()
                return s.SelectItem(self.expression(), variable=variable)
            if self.is_name() or self.here.kind in (Kind.STRING, Kind.NATIONAL):
                alias = self._alias()
                self.advance()
                return s.SelectItem(self.expression(), alias)
        value = self.expression()
        if self.accept("AS"):
            return s.SelectItem(value, self._alias())
        if self.is_name() or self.here.kind is Kind.STRING:
            return s.SelectItem(value, self._alias())
        return s.SelectItem(value)

    def _alias(self) -> str:
        if self.here.kind in (Kind.STRING, Kind.NATIONAL):
            return self.advance().value
        return self.name()

    def sources(self) -> s.Source:
        """Parse what follows FROM."""
        left = self._joined()
        while self.accept_symbol(","):
            left = s.Join("CROSS JOIN", left, self._joined())
        return left

    def _joined(self) -> s.Source:
        left = self._source()
        while True:
            for words, kind in _CROSS_JOINS.items():
                if self.accept(*words):
                    left = s.Join(kind, left, self._source())
                    break
            else:
                for words, kind in _JOINS.items():
                    if self.accept(*words):
                        right = self._joined_right()
                        self.expect("ON")
                        left = s.Join(kind, left, right, self.expression())
                        break
                else:
                    return left

    def _joined_right(self) -> s.Source:
        """The right side; joins before its ON belong to it."""
        right = self._source()
        while self.is_word("INNER", "JOIN", "LEFT", "RIGHT", "FULL"):
            for words, kind in _JOINS.items():
                if self.accept(*words):
                    inner = self._joined_right()
                    self.expect("ON")
                    right = s.Join(kind, right, inner, self.expression())
                    break
        return right

    def _source(self) -> s.Source:
        if self.is_symbol("("):
            return self._derived()
        table = s.TableName(self.dotted())
        if self.is_symbol("(") and not self._hint_follows():
            return self._function(table)
        self._hints()
        alias = self._source_alias()
        self._hints()
        return s.TableSource(table, alias)

    def _function(self, name: s.TableName) -> s.Source:
        self.expect_symbol("(")
        arguments = []
        while not self.accept_symbol(")"):
            arguments.append(self.expression())
            if not self.is_symbol(")"):
                self.expect_symbol(",")
        alias = self._source_alias() or name.parts[-1]
        return s.FunctionSource(name, tuple(arguments), alias)

    def _derived(self) -> s.Source:
        self.expect_symbol("(")
        if not self.is_word("SELECT", "WITH", "VALUES") and not self.is_symbol("("):
            inner = self.sources()
            self.expect_symbol(")")
            return inner
        query = self.query()
        self.expect_symbol(")")
        alias = self._source_alias()
        if not alias:
            raise self.unexpected()
        columns = self.column_list() if self.is_symbol("(") else ()
        return s.DerivedSource(query, alias, columns)

    def _source_alias(self) -> str:
        if self.accept("AS"):
            return self.name()
        return self.name() if self.is_name() else ""

    def _hint_follows(self) -> bool:
        return self.ahead().value in _HINTS and self.is_symbol(")", distance=2)

    def _hints(self) -> None:
        """WITH (NOLOCK) and its like, also without WITH."""
        if self.is_word("WITH") and self.is_symbol("(", distance=1):
            self.advance()
        elif not (self.is_symbol("(") and self._hint_follows()):
            return
        self.expect_symbol("(")
        while not self.accept_symbol(")"):
            token = self.advance()
            if token.value == "INDEX":
                self._skip_parentheses()
            elif token.value not in _HINTS and token.value != ",":
                raise unsupported(f"table hint {token.raw}")
