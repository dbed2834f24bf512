"""T-SQL expressions and conditions, parsed by recursive descent."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sandbox.tds import syntax as s
from sandbox.tds.cursor import TokenCursor
from sandbox.tds.failures import syntax_error, unsupported
from sandbox.tds.lexer import Kind
from sandbox.tds.types import MAX

# Reserved, but functions all the same when a parenthesis follows.
_CALLABLE = frozenset({"LEFT", "RIGHT"})
_NILADIC = frozenset(
    {"CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER"}
)
_COMPARISONS = {
    "=": "=",
    "<>": "<>",
    "!=": "<>",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "!<": ">=",
    "!>": "<=",
}
_ADDITIVE = frozenset("+-&|^")
_MULTIPLICATIVE = frozenset("*/%")
_FRAME_WORDS = frozenset(
    {"BETWEEN", "AND", "UNBOUNDED", "PRECEDING", "FOLLOWING", "CURRENT", "ROW"}
)


class ExpressionParser(TokenCursor, ABC):
    """Expressions; what a subquery is comes from the parser of queries."""

    @abstractmethod
    def query(self) -> s.Query:
        """Parse a query; the parser of queries says how."""

    def expression(self) -> s.Expression:
        """Parse an expression or a condition."""
        left = self._conjunction()
        while self.accept("OR"):
            left = s.Binary("OR", left, self._conjunction())
        return left

    def _conjunction(self) -> s.Expression:
        left = self._negation()
        while self.accept("AND"):
            left = s.Binary("AND", left, self._negation())
        return left

    def _negation(self) -> s.Expression:
        if self.accept("NOT"):
            return s.Unary("NOT", self._negation())
        if self.is_word("EXISTS"):
            self.advance()
            return s.Exists(self.wrapped(self.query))
        return self._predicate()

    def _predicate(self) -> s.Expression:
        left = self.scalar()
        while True:
            if self.here.kind is Kind.SYMBOL and self.here.value in _COMPARISONS:
                operator = _COMPARISONS[self.advance().value]
                if self.is_word("ALL", "ANY", "SOME"):
                    raise unsupported(f"{operator} {self.here.raw}")
                left = s.Binary(operator, left, self.scalar())
                continue
            if self.accept("IS"):
                negated = self.accept("NOT")
                self.expect("NULL")
                left = s.IsNull(left, negated)
                continue
            negated = self.is_word("NOT")
            if not self.is_word("BETWEEN", "LIKE", "IN", distance=int(negated)):
                return left
            if negated:
                self.advance()
            left = self._worded_predicate(left, negated=negated)

    def _worded_predicate(self, left: s.Expression, *, negated: bool) -> s.Expression:
        if self.accept("BETWEEN"):
            low = self.scalar()
            self.expect("AND")
            return s.Between(left, low, self.scalar(), negated)
        if self.accept("LIKE"):
            pattern = self.scalar()
            escape = self.scalar() if self.accept("ESCAPE") else None
            return s.Like(left, pattern, escape, negated)
        self.expect("IN")
        self.expect_symbol("(")
        found: s.Expression
        if self.is_word("SELECT", "WITH"):
            found = s.InQuery(left, self.query(), negated)
        else:
            found = s.InList(left, self.listed(self.expression), negated)
        self.expect_symbol(")")
        return found

    def scalar(self) -> s.Expression:
        """Parse sums: what may stand on a side of a comparison."""
        left = self._product()
        while self.here.kind is Kind.SYMBOL and self.here.value in _ADDITIVE:
            left = s.Binary(self.advance().value, left, self._product())
        return left

    def _product(self) -> s.Expression:
        left = self._unary()
        while self.here.kind is Kind.SYMBOL and self.here.value in _MULTIPLICATIVE:
            left = s.Binary(self.advance().value, left, self._unary())
        return left

    def _unary(self) -> s.Expression:
        if self.is_symbol("-", "+", "~"):
            operator = self.advance().value
            operand = self._unary()
            if operator == "-" and isinstance(operand, s.Number):
                return (
                    s.Number("-" + operand.text)
                    if operand.text[0] != "-"
                    else s.Number(operand.text[1:])
                )
            return s.Unary(operator, operand)
        operand = self._primary()
        while self.accept("COLLATE"):
            operand = s.Collate(operand, self.name())
        return operand

    def _primary(self) -> s.Expression:
        token = self.here
        match token.kind:
            case Kind.NUMBER:
                return s.Number(self.advance().value)
            case Kind.STRING | Kind.NATIONAL:
                return s.Text(self.advance().value, token.kind is Kind.NATIONAL)
            case Kind.BINARY:
                digits = self.advance().value[2:]
                return s.Bytes(bytes.fromhex("0" * (len(digits) % 2) + digits))
            case Kind.VARIABLE:
                return s.Variable(self.advance().value.lower())
            case Kind.SYMBOL if token.value == "(":
                return self._parenthesized()
            case Kind.SYMBOL if token.value == "*":
                self.advance()
                return s.Star()
        return self._worded()

    def _parenthesized(self) -> s.Expression:
        self.advance()
        if self.is_word("SELECT", "WITH"):
            inner: s.Expression = s.Scalar(self.query())
        else:
            inner = self.expression()
        self.expect_symbol(")")
        return inner

    def _worded(self) -> s.Expression:
        if self.accept("NULL"):
            return s.Null()
        if self.accept("DEFAULT"):
            return s.Default()
        if self.is_word("CASE"):
            return self._case()
        if self.here.kind is Kind.WORD and self.here.value in _NILADIC:
            return s.Call(self.advance().value, ())
        if self.is_symbol("(", distance=1) and (
            self.is_name() or self.here.value in _CALLABLE
        ):
            return self._call()
        parts = [self.name()]
        while self.accept_symbol("."):
            while self.accept_symbol("."):
                parts.append("")
            if self.accept_symbol("*"):
                return s.Star(parts[-1])
            parts.append(self.name())
        if self.is_symbol("("):
            raise unsupported(f"function {'.'.join(parts)}")
        return s.Name(tuple(parts))

    def _case(self) -> s.Expression:
        self.expect("CASE")
        operand = None if self.is_word("WHEN") else self.expression()
        branches = []
        while self.accept("WHEN"):
            condition = self.expression()
            self.expect("THEN")
            branches.append((condition, self.expression()))
        otherwise = self.expression() if self.accept("ELSE") else None
        if not branches:
            raise self.unexpected()
        self.expect("END")
        return s.Case(operand, tuple(branches), otherwise)

    def _call(self) -> s.Expression:
        name = self.advance().value.upper()
        self.expect_symbol("(")
        if name in ("CAST", "TRY_CAST"):
            operand = self.expression()
            self.expect("AS")
            cast = s.Cast(operand, self.type_name(), None, name == "TRY_CAST")
            self.expect_symbol(")")
            return cast
        if name in ("CONVERT", "TRY_CONVERT"):
            return self._convert(lenient=name == "TRY_CONVERT")
        distinct = self.accept("DISTINCT")
        if not distinct:
            self.accept("ALL")
        arguments: tuple[s.Expression, ...] = ()
        if not self.is_symbol(")"):
            arguments = self.listed(self.expression)
        self.expect_symbol(")")
        within: tuple[s.OrderItem, ...] = ()
        if self.accept("WITHIN", "GROUP"):
            within = self.wrapped(self.order)
        window = self.wrapped(self._window) if self.accept("OVER") else None
        return s.Call(name, arguments, distinct, window, within)

    def _convert(self, *, lenient: bool) -> s.Expression:
        target = self.type_name()
        self.expect_symbol(",")
        operand = self.expression()
        style = self.expression() if self.accept_symbol(",") else None
        self.expect_symbol(")")
        return s.Cast(operand, target, style, lenient)

    def _window(self) -> s.Window:
        partition: tuple[s.Expression, ...] = ()
        if self.accept("PARTITION", "BY"):
            partition = self.listed(self.expression)
        order = self.order() if self.is_word("ORDER") else ()
        frame = []
        if self.is_word("ROWS", "RANGE"):
            frame.append(self.advance().value)
            while self.here.kind is Kind.NUMBER or self.is_word(*_FRAME_WORDS):
                frame.append(self.advance().value)
        return s.Window(partition, order, " ".join(frame))

    def order(self) -> tuple[s.OrderItem, ...]:
        """Parse ORDER BY and its keys."""
        self.expect("ORDER", "BY")
        return self.listed(self._order_item)

    def _order_item(self) -> s.OrderItem:
        key = self.expression()
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        return s.OrderItem(key, descending)

    def type_name(self) -> s.TypeName:
        """Parse a type, with the facets in its parentheses."""
        words = "n" + self.name() if self.accept("NATIONAL") else self.dotted()[-1]
        if words.lower() == "double" and self.accept("PRECISION"):
            words = "float"
        if words.lower() in ("char", "character", "nchar") and self.accept("VARYING"):
            words = "nvarchar" if words.lower() == "nchar" else "varchar"
        facets: tuple[int, ...] = ()
        if self.accept_symbol("("):
            facets = self.listed(self._facet)
            self.expect_symbol(")")
        return s.TypeName(words, facets)

    def _facet(self) -> int:
        if self.accept("MAX"):
            return MAX
        return self.integer()

    def integer(self) -> int:
        """Take a whole number, perhaps negative."""
        sign = -1 if self.accept_symbol("-") else 1
        token = self.advance()
        if token.kind is not Kind.NUMBER or not token.value.isdigit():
            raise syntax_error(token.raw)
        return sign * int(token.value)
