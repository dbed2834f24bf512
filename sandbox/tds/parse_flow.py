"""Control of flow, messages and procedures: IF, WHILE, PRINT, RAISERROR, EXEC ..."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds import syntax as s
from sandbox.tds.failures import unsupported_statement
from sandbox.tds.lexer import Kind
from sandbox.tds.parse_definitions import DefinitionParser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class FlowParser(DefinitionParser):
    """Statements that hold statements, and those that talk."""

    _first_words: Mapping[str, Callable[[int], c.Statement]]

    @abstractmethod
    def statements(self) -> tuple[c.Statement, ...]:
        """Parse to the end; the parser of statements says how."""

    @abstractmethod
    def statement(self, *, first: bool = False) -> c.Statement:
        """Parse one statement; the parser of statements says how."""

    def _if(self, start: int) -> c.Statement:
        self.expect("IF")
        condition = self.expression()
        then = self._inner()
        otherwise = None
        at = self._at
        while self.accept_symbol(";"):
            pass
        if self.accept("ELSE"):
            otherwise = self._inner()
        else:
            self._at = at
        return c.If(self.since(start), condition, then, otherwise)

    def _inner(self) -> c.Statement:
        if self.here.kind is Kind.END:
            raise self.unexpected()
        return self.statement()

    def _while(self, start: int) -> c.Statement:
        self.expect("WHILE")
        condition = self.expression()
        body = self._inner()
        return c.While(self.since(start), condition, body)

    def _print(self, start: int) -> c.Statement:
        self.expect("PRINT")
        value = self.expression()
        return c.Print(self.since(start), value)

    def _raiserror(self, start: int) -> c.Statement:
        self.expect("RAISERROR")
        message, severity, state, *rest = self.wrapped(
            lambda: self._at_least_three(self.listed(self.expression))
        )
        if self.accept("WITH"):
            if self.is_word("LOG", "SETERROR"):
                raise unsupported_statement(self.source[start:])
            self.expect("NOWAIT")
        return c.Raise(self.since(start), None, message, severity, state, tuple(rest))

    def _at_least_three(
        self, values: tuple[s.Expression, ...]
    ) -> tuple[s.Expression, ...]:
        if len(values) < 3:  # noqa: PLR2004 - message, severity, state
            raise self.unexpected()
        return values

    def _throw(self, start: int) -> c.Statement:
        self.expect("THROW")
        if self._ends_call():
            return c.Rethrow(self.since(start))
        number = self.scalar()
        self.expect_symbol(",")
        message = self.scalar()
        self.expect_symbol(",")
        state = self.scalar()
        return c.Raise(self.since(start), number, message, None, state)

    def _execute(self, start: int) -> c.Statement:
        self.advance()
        if self.is_symbol("("):
            command = self.wrapped(self.expression)
            return c.ExecuteText(self.since(start), command)
        result = ""
        if self.here.kind is Kind.VARIABLE:
            result = self.advance().value.lower()
            if not self.accept_symbol("="):
                raise unsupported_statement(self.source[start:])
        return self._procedure(start, result)

    def _procedure(self, start: int, result: str = "") -> c.Statement:
        procedure = s.TableName(self.dotted())
        arguments: tuple[c.Argument, ...] = ()
        if not self._ends_call():
            arguments = self.listed(self._argument)
        if self.accept("WITH"):
            self.expect("RECOMPILE")
        return c.Execute(self.since(start), procedure, arguments, result)

    def _ends_call(self) -> bool:
        if self.is_word("NULL", "DEFAULT"):
            return False
        if self.here.kind is Kind.WORD:
            return not self.is_name() or self.here.value in self._first_words
        return self.here.kind is Kind.END or self.is_symbol(";")

    def _argument(self) -> c.Argument:
        name = ""
        if self.here.kind is Kind.VARIABLE and self.is_symbol("=", distance=1):
            name = self.advance().value.lower()
            self.advance()
        value = self.parameter_value()
        output = self.accept("OUTPUT") or self.accept("OUT")
        if output and not isinstance(value, s.Variable):
            raise SqlError(
                "Cannot use the OUTPUT option when passing a constant to a stored "
                "procedure.",
                number=179,
                severity=15,
            )
        return c.Argument(name, value, output)

    def parameter_value(self) -> s.Expression:
        """Parse an argument or a default: a value, or a word that stands for text."""
        if self.is_name() and not self.is_symbol("(", distance=1):
            token = self.advance()
            words = token.value if token.kind is Kind.QUOTED else token.raw
            return s.Text(words, unicode=True)
        return self.expression()

    def _waitfor(self, start: int) -> c.Statement:
        self.expect("WAITFOR")
        if not self.accept("DELAY"):
            raise unsupported_statement(self.source[start:])
        delay = self.expression()
        return c.WaitFor(self.since(start), delay)

    def _jump(self, start: int) -> c.Statement:
        word = self.advance().value
        value = None
        if word == "RETURN" and self._begins_value():
            value = self.scalar()
        return c.Jump(self.since(start), word, value)

    def _begins_value(self) -> bool:
        if self.here.kind in (Kind.NUMBER, Kind.VARIABLE):
            return True
        if self.is_symbol("(", "-", "+", "~") or self.is_word("CASE", "NULL"):
            return True
        return self.is_name() and self.is_symbol("(", distance=1)

    def _try(self, start: int) -> c.Statement:
        self.expect("TRY")
        body = self._until("TRY")
        self.expect("BEGIN", "CATCH")
        handler = self._until("CATCH")
        return c.Try(self.since(start), body, handler)

    def _until(self, word: str) -> tuple[c.Statement, ...]:
        """Statements up to END and a word."""
        found: list[c.Statement] = []
        while not (self.is_word("END") and self.is_word(word, distance=1)):
            if self.here.kind is Kind.END:
                raise self.unexpected()
            if not self.accept_symbol(";"):
                found.append(self.statement())
        self.expect("END", word)
        return tuple(found)
