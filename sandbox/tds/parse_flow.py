"""Control of flow, messages and procedures: IF, WHILE, PRINT, RAISERROR, EXEC ..."""

from __future__ import annotations

from abc import abstractmethod

from sandbox.tds import commands as c
from sandbox.tds import syntax as s
from sandbox.tds.failures import unsupported
from sandbox.tds.lexer import Kind
from sandbox.tds.parse_definitions import DefinitionParser

_TEXT_SHOWN = 100


class FlowParser(DefinitionParser):
    """Statements that hold statements, and those that talk."""

    @abstractmethod
    def statement(self, *, first: bool = False) -> c.Statement:
        """Parse one statement; the parser of statements says how."""

    def _shown(self, start: int) -> str:
        text = " ".join(self.source[start:].split())
        return text if len(text) <= _TEXT_SHOWN else text[:_TEXT_SHOWN] + "..."

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
                raise unsupported(self._shown(start))
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
        if self.here.kind is Kind.END or self.is_symbol(";"):
            raise unsupported("THROW without arguments")
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
                raise unsupported(self._shown(start))
        return self._procedure(start, result)

    def _procedure(self, start: int, result: str = "") -> c.Statement:
        procedure = s.TableName(self.dotted())
        arguments: tuple[tuple[str, s.Expression], ...] = ()
        ended = self.here.kind in (Kind.END, Kind.WORD) or self.is_symbol(";")
        if not ended or self.is_word("NULL", "DEFAULT"):
            arguments = self.listed(self._argument)
        return c.Execute(self.since(start), procedure, arguments, result)

    def _argument(self) -> tuple[str, s.Expression]:
        name = ""
        if self.here.kind is Kind.VARIABLE and self.is_symbol("=", distance=1):
            name = self.advance().value.lower()
            self.advance()
        value = self.expression()
        if self.is_word("OUTPUT", "OUT"):
            raise unsupported("EXEC with OUTPUT parameters")
        return name, value

    def _waitfor(self, start: int) -> c.Statement:
        self.expect("WAITFOR")
        if not self.accept("DELAY"):
            raise unsupported(self._shown(start))
        delay = self.expression()
        return c.WaitFor(self.since(start), delay)

    def _jump(self, start: int) -> c.Statement:
        word = self.advance().value
        if word == "RETURN" and self.here.kind is Kind.NUMBER:
            self.advance()
        return c.Jump(self.since(start), word)
