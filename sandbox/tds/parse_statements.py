"""A batch of T-SQL into statements; they need no semicolons between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.tds import commands as c
from sandbox.tds import syntax as s
from sandbox.tds.failures import syntax_error, unsupported, unsupported_statement
from sandbox.tds.lexer import Kind, tokenize
from sandbox.tds.parse_modules import ModuleParser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPTIONS_OF_ONE_WORD = frozenset(
    [
        "ANSI_DEFAULTS",
        "ANSI_NULLS",
        "ANSI_NULL_DFLT_OFF",
        "ANSI_NULL_DFLT_ON",
        "ANSI_PADDING",
        "ANSI_WARNINGS",
        "ARITHABORT",
        "ARITHIGNORE",
        "CONCAT_NULL_YIELDS_NULL",
        "CURSOR_CLOSE_ON_COMMIT",
        "FMTONLY",
        "FORCEPLAN",
        "IMPLICIT_TRANSACTIONS",
        "NOCOUNT",
        "NOEXEC",
        "NUMERIC_ROUNDABORT",
        "PARSEONLY",
        "QUOTED_IDENTIFIER",
        "REMOTE_PROC_TRANSACTIONS",
        "SHOWPLAN_ALL",
        "SHOWPLAN_TEXT",
        "SHOWPLAN_XML",
        "XACT_ABORT",
    ]
)
# Statements SQL Server has and the sandbox has not.
_NOT_HERE = frozenset(
    [
        "ADD",
        "BACKUP",
        "BULK",
        "CHECKPOINT",
        "CLOSE",
        "DBCC",
        "DEALLOCATE",
        "DENY",
        "DISABLE",
        "ENABLE",
        "FETCH",
        "GET",
        "GOTO",
        "GRANT",
        "KILL",
        "MERGE",
        "MOVE",
        "OPEN",
        "READTEXT",
        "RECEIVE",
        "RECONFIGURE",
        "RESTORE",
        "REVERT",
        "REVOKE",
        "SEND",
        "SHUTDOWN",
        "UPDATETEXT",
        "WRITETEXT",
    ]
)


def parse_batch(
    text: str, *, quoted_identifier: bool = True
) -> tuple[c.Statement, ...]:
    """The statements of a batch, in order.

    Raises:
        SqlError: 102, it is not T-SQL; 50100, it is T-SQL the sandbox has not.
    """
    parser = StatementParser(text, quoted_identifier=quoted_identifier)
    return parser.statements()


def parse_parameters(text: str) -> tuple[c.Parameter, ...]:
    """The parameters that sp_executesql and its like declare in a text.

    Raises:
        SqlError: 102, it declares none.
    """
    parser = StatementParser(text, quoted_identifier=True)
    found = parser.parameters()
    if parser.here.kind is not Kind.END:
        raise parser.unexpected()
    return found


class StatementParser(ModuleParser):
    """Statements."""

    def __init__(self, text: str, *, quoted_identifier: bool) -> None:
        """Begin a batch."""
        super().__init__(text, tokenize(text, quoted_identifier=quoted_identifier))
        self._first_words: Mapping[str, Callable[[int], c.Statement]] = {
            "SELECT": self._select_statement,
            "WITH": self._with,
            "INSERT": self._insert,
            "UPDATE": self._update,
            "DELETE": self._delete,
            "TRUNCATE": self._truncate,
            "CREATE": self._create,
            "DROP": self.drop,
            "ALTER": self._alter,
            "SET": self._set,
            "DECLARE": self._declare,
            "USE": self._use,
            "BEGIN": self._begin,
            "COMMIT": self._commit,
            "ROLLBACK": self._rollback,
            "SAVE": self._save,
            "IF": self._if,
            "WHILE": self._while,
            "PRINT": self._print,
            "RAISERROR": self._raiserror,
            "THROW": self._throw,
            "EXEC": self._execute,
            "EXECUTE": self._execute,
            "WAITFOR": self._waitfor,
            "BREAK": self._jump,
            "CONTINUE": self._jump,
            "RETURN": self._jump,
        }

    def statements(self) -> tuple[c.Statement, ...]:
        """Parse to the end."""
        found: list[c.Statement] = []
        while True:
            while self.accept_symbol(";"):
                pass
            if self.here.kind is Kind.END:
                return tuple(found)
            found.append(self.statement(first=not found))

    def statement(self, *, first: bool = False) -> c.Statement:
        """Parse one statement."""
        start = self.here.start
        word = self.here.value if self.here.kind is Kind.WORD else ""
        handler = self._first_words.get(word)
        if handler is not None:
            return handler(start)
        if word in _NOT_HERE:
            raise unsupported_statement(self.source[start:])
        if first and self.is_name():  # a procedure's name alone may begin a batch
            return self._procedure(start)
        raise self.unexpected()

    def _select_statement(self, start: int) -> c.Statement:
        query = self.query()
        return c.SelectStatement(self.since(start), query)

    def _with(self, start: int) -> c.Statement:
        at = self._at
        tables = self.common_tables()
        if self.is_word("UPDATE"):
            return self._update(start, tables)
        if self.is_word("DELETE"):
            return self._delete(start, tables)
        if self.is_word("INSERT"):
            return self._insert(start, tables)
        self._at = at
        return self._select_statement(start)

    def _insert(
        self, start: int, tables: tuple[s.CommonTable, ...] = ()
    ) -> c.Statement:
        self.expect("INSERT")
        if self.accept("BULK"):
            return self._insert_bulk(start)
        if self.is_word("TOP"):
            raise unsupported_statement(self.source[start:])
        self.accept("INTO")
        table = s.TableName(self.dotted())
        self._hints()
        columns: tuple[str, ...] = ()
        if self.is_symbol("(") and not self.is_word("SELECT", "WITH", distance=1):
            columns = self.column_list()
        output = self._output()
        query: s.Query | None
        if self.accept("DEFAULT", "VALUES"):
            query = None
        elif self.is_word("EXEC", "EXECUTE"):
            raise unsupported_statement(self.source[start:])
        else:
            query = self.query()
            if tables:
                query = s.Query(
                    query.body, tables, query.order, query.offset, query.fetch
                )
        return c.Insert(self.since(start), table, columns, query, output)

    def _insert_bulk(self, start: int) -> c.Statement:
        table = s.TableName(self.dotted())
        columns = self.wrapped(lambda: self.listed(self._bulk_column))
        options: tuple[str, ...] = ()
        if self.accept("WITH"):
            options = self.wrapped(lambda: self.listed(self._bulk_option))
        keeps_nulls = "KEEP_NULLS" in options
        return c.InsertBulk(self.since(start), table, columns, keeps_nulls)

    def _bulk_column(self) -> str:
        name = self.name()
        self.type_name()
        if self.accept("COLLATE"):
            self.name()
        return name

    def _bulk_option(self) -> str:
        """Hints; but for one they only say how fast, and what is checked anyway."""
        option = self.advance().value
        if option == "ORDER":
            self._skip_parentheses()
        elif self.accept_symbol("="):
            self.integer()
        return option

    def _output(self) -> s.OutputClause | None:
        if not self.accept("OUTPUT"):
            return None
        items = self.listed(self.select_item)
        if not self.accept("INTO"):
            return s.OutputClause(items)
        into = s.TableName(self.dotted())
        columns = self.column_list() if self.is_symbol("(") else ()
        return s.OutputClause(items, into, columns)

    def _update(
        self, start: int, tables: tuple[s.CommonTable, ...] = ()
    ) -> c.Statement:
        self.expect("UPDATE")
        if self.is_word("TOP", "STATISTICS"):
            raise unsupported_statement(self.source[start:])
        target = s.TableName(self.dotted())
        self._hints()
        self.expect("SET")
        assignments = self.listed(self._assignment)
        output = self._output()
        source = self.sources() if self.accept("FROM") else None
        where = self.expression() if self.accept("WHERE") else None
        text = self.since(start)
        return c.Update(text, target, assignments, source, where, tables, output)

    def _assignment(self) -> tuple[str, s.Expression]:
        column = self.dotted()[-1]
        operator = self.advance()
        if operator.value in ("+=", "-=", "*=", "/="):
            value = self.expression()
            return column, s.Binary(operator.value[0], s.Name((column,)), value)
        if operator.value != "=":
            raise syntax_error(operator.raw)
        return column, self.expression()

    def _delete(
        self, start: int, tables: tuple[s.CommonTable, ...] = ()
    ) -> c.Statement:
        self.expect("DELETE")
        if self.is_word("TOP"):
            raise unsupported_statement(self.source[start:])
        self.accept("FROM")
        target = s.TableName(self.dotted())
        self._hints()
        output = self._output()
        source = self.sources() if self.accept("FROM") else None
        where = self.expression() if self.accept("WHERE") else None
        text = self.since(start)
        return c.Delete(text, target, source, where, tables, output)

    def _truncate(self, start: int) -> c.Statement:
        self.expect("TRUNCATE", "TABLE")
        table = s.TableName(self.dotted())
        return c.Truncate(self.since(start), table)

    def _set(self, start: int) -> c.Statement:
        self.expect("SET")
        if self.here.kind is Kind.VARIABLE:
            name = self.advance().value.lower()
            self.expect_symbol("=")
            value = self.expression()
            return c.SetVariable(self.since(start), name, value)
        if self.accept("TRANSACTION"):
            self.expect("ISOLATION", "LEVEL")
            words = [self.advance().value]
            if words[0] in ("READ", "REPEATABLE"):
                words.append(self.advance().value)
            return c.SetOption(self.since(start), "ISOLATION LEVEL", " ".join(words))
        if self.accept("IDENTITY_INSERT"):
            table = ".".join(self.dotted())
            state = self.advance().value
            return c.SetOption(self.since(start), "IDENTITY_INSERT", f"{state} {table}")
        if self.accept("STATISTICS"):
            self.advance()
            name = "STATISTICS"
        else:
            name = self._option_names()
        sign = self.advance().value if self.is_symbol("-") else ""
        token = self.advance()
        if token.kind is Kind.END:
            raise self.unexpected()
        return c.SetOption(self.since(start), name, sign + token.value)

    def _option_names(self) -> str:
        names = [self.advance().value]
        while self.accept_symbol(","):
            names.append(self.advance().value)
        if len(names) > 1 and not _OPTIONS_OF_ONE_WORD.issuperset(names):
            raise syntax_error(",")
        return ",".join(names)

    def _declare(self, start: int) -> c.Statement:
        self.expect("DECLARE")
        variables = self.listed(self._declaration)
        return c.Declare(self.since(start), variables)

    def _declaration(self) -> tuple[str, s.TypeName, s.Expression | None]:
        token = self.advance()
        if token.kind is not Kind.VARIABLE:
            raise syntax_error(token.raw)
        self.accept("AS")
        if self.is_word("TABLE", "CURSOR"):
            raise unsupported(f"DECLARE {token.raw} {self.here.raw}")
        kind = self.type_name()
        value = self.expression() if self.accept_symbol("=") else None
        return token.value.lower(), kind, value

    def _use(self, start: int) -> c.Statement:
        self.expect("USE")
        name = self.name()
        return c.Use(self.since(start), name)

    def _begin(self, start: int) -> c.Statement:
        self.expect("BEGIN")
        if self.accept("TRAN") or self.accept("TRANSACTION"):
            self._transaction_name()
            if self.accept("WITH", "MARK") and self.here.kind is Kind.STRING:
                self.advance()
            return c.Begin(self.since(start))
        if self.is_word("TRY"):
            return self._try(start)
        if self.is_word("CATCH", "DISTRIBUTED", "ATOMIC"):
            raise unsupported_statement(self.source[start:])
        found = []
        while not self.accept("END"):
            if self.here.kind is Kind.END:
                raise self.unexpected()
            if not self.accept_symbol(";"):
                found.append(self.statement())
        return c.Block(self.since(start), tuple(found))

    def _transaction_name(self) -> str:
        if self.here.kind is Kind.VARIABLE:
            raise unsupported(f"a transaction named by {self.here.raw}")
        if self.is_name() and self.here.value not in self._first_words:
            return self.name()
        return ""

    def _commit(self, start: int) -> c.Statement:
        self.expect("COMMIT")
        if self.accept("TRAN") or self.accept("TRANSACTION"):
            self._transaction_name()
        else:
            self.accept("WORK")
        return c.Commit(self.since(start))

    def _rollback(self, start: int) -> c.Statement:
        self.expect("ROLLBACK")
        name = ""
        if self.accept("TRAN") or self.accept("TRANSACTION"):
            name = self._transaction_name()
        else:
            self.accept("WORK")
        return c.Rollback(self.since(start), name)

    def _save(self, start: int) -> c.Statement:
        self.expect("SAVE")
        if not (self.accept("TRAN") or self.accept("TRANSACTION")):
            raise self.unexpected()
        name = self.name()
        return c.Save(self.since(start), name)
