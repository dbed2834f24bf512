"""CREATE and ALTER of procedures and views, and the parameters they take."""

from __future__ import annotations

from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds import syntax as s
from sandbox.tds.failures import syntax_error, unsupported, unsupported_statement
from sandbox.tds.lexer import Kind
from sandbox.tds.parse_flow import FlowParser

_PROCEDURE = ("PROC", "PROCEDURE")
_MODULES = (*_PROCEDURE, "VIEW")


class ModuleParser(FlowParser):
    """Statements that keep T-SQL to be run later."""

    def _create(self, start: int) -> c.Statement:
        replaces = self.is_word("OR", distance=1) and self.is_word("ALTER", distance=2)
        if self.is_word(*_MODULES, distance=3 if replaces else 1):
            return self._module(start)
        return self.create(start)

    def _alter(self, start: int) -> c.Statement:
        if self.is_word(*_MODULES, distance=1):
            return self._module(start)
        return self.alter(start)

    def _module(self, start: int) -> c.Statement:
        """The rest of the batch is the module's text."""
        first = all(token.value == ";" for token in self._tokens[: self._at])
        verb = self.advance().value
        if self.accept("OR", "ALTER"):
            verb = "CREATE OR ALTER"
        word = "VIEW" if self.advance().value == "VIEW" else "PROCEDURE"
        if not first:
            raise SqlError(
                f"'{verb.split(' ', maxsplit=1)[0]} {word}' must be the first "
                "statement in a query batch.",
                number=111,
                severity=15,
            )
        name = s.TableName(self.dotted())
        if word == "VIEW":
            return self._view(start, verb, name)
        parameters = self._procedure_parameters()
        self._module_options()
        if self.is_word("FOR"):
            raise unsupported_statement(self.source[start:])
        self.expect("AS")
        body = self.statements()
        return c.CreateModule(
            self.since(start), name, verb, word, parameters=parameters, body=body
        )

    def _view(self, start: int, verb: str, name: s.TableName) -> c.Statement:
        columns = self.column_list() if self.is_symbol("(") else ()
        self._module_options()
        self.expect("AS")
        query = self.query()
        if self.is_word("WITH"):
            raise unsupported_statement(self.source[start:])
        self.accept_symbol(";")
        if self.here.kind is not Kind.END:
            raise self.unexpected()
        return c.CreateModule(
            self.since(start), name, verb, "VIEW", columns=columns, query=query
        )

    def _module_options(self) -> None:
        """What says how a module is kept changes nothing that it does."""
        if not self.accept("WITH"):
            return
        self.listed(self._module_option)

    def _module_option(self) -> None:
        if self.accept("EXECUTE", "AS") or self.accept("EXEC", "AS"):
            if self.here.kind is not Kind.WORD:
                raise unsupported(f"EXECUTE AS {self.here.raw}")
            self.advance()
            return
        if not self.is_word("RECOMPILE", "ENCRYPTION", "SCHEMABINDING"):
            raise unsupported(f"WITH {self.here.raw}")
        self.advance()

    def _procedure_parameters(self) -> tuple[c.Parameter, ...]:
        if self.is_symbol("("):
            return self.wrapped(self.parameters)
        return self.parameters()

    def parameters(self) -> tuple[c.Parameter, ...]:
        """Parse the parameters of a procedure or a parameterized batch."""
        if self.here.kind is not Kind.VARIABLE:
            return ()
        return self.listed(self._parameter)

    def _parameter(self) -> c.Parameter:
        token = self.advance()
        if token.kind is not Kind.VARIABLE:
            raise syntax_error(token.raw)
        self.accept("AS")
        if self.is_word("CURSOR"):
            raise unsupported(f"parameter {token.raw} of type cursor")
        kind = self.type_name()
        if not self.accept("NOT", "NULL"):
            self.accept("NULL")
        default = self.parameter_value() if self.accept_symbol("=") else None
        output = self.accept("OUTPUT") or self.accept("OUT")
        if self.is_word("READONLY"):
            raise unsupported(f"table-valued parameter {token.raw}")
        return c.Parameter(token.value.lower(), kind, default, output)
