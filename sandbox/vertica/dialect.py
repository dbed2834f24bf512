"""Vertica's SQL for sqlglot: PostgreSQL's, with Vertica's words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import TokenType

from sandbox.vertica.timeseries import CLAUSE
from sandbox.vertica.words import LONG_TEXT, syntax_error, unsupported
from sandbox.vertica.words import Tokenizer as VerticaTokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

# What a real server reads and this grammar does not.
_CLAUSES = ("INTERPOLATE", "AT EPOCH", "MATCH (")

LIMIT_OVER = "over"
"""The argument of LIMIT that holds `ROW_NUMBER() OVER (...)` of LIMIT n OVER (...)."""

TITLE = "title"
"""Marks a function call with its name as written: the title of its column."""

EXPLICIT_NULLS = "explicit_nulls"
"""Marks an ORDER BY item that says NULLS FIRST or LAST itself."""


class Vertica(Postgres):
    """The dialect; only its reading half is used."""

    # Unlike in PostgreSQL, HH counts to 23. Milliseconds have a letter in DuckDB alone.
    TIME_MAPPING: dict[str, str] = {  # noqa: RUF012 - as sqlglot declares it
        **Postgres.TIME_MAPPING,
        "HH": "%H",
        "hh": "%H",
        "MS": "%g",
        "ms": "%g",
    }

    class Tokenizer(VerticaTokenizer):
        """Its words."""

    class Parser(PostgresParser):
        """Its grammar."""

        FACTOR: ClassVar[dict[TokenType, type[exp.Binary]]] = {
            **PostgresParser.FACTOR,
            TokenType.DIV: exp.IntDiv,
        }

        # Their templates are read as they are written (`templates`).
        FUNCTIONS: ClassVar = {
            name: build
            for name, build in PostgresParser.FUNCTIONS.items()
            if name not in {"TO_DATE", "TO_TIMESTAMP"}
        }
        FUNCTION_PARSERS: ClassVar = {
            **PostgresParser.FUNCTION_PARSERS,
            "APPROXIMATE_PERCENTILE": lambda self: self.parse_with_parameters(),
        }

        QUERY_MODIFIER_PARSERS: ClassVar = {
            **PostgresParser.QUERY_MODIFIER_PARSERS,
            TokenType.CLUSTER_BY: lambda self: (CLAUSE, self.parse_timeseries()),
        }
        QUERY_MODIFIER_TOKENS: ClassVar = set(QUERY_MODIFIER_PARSERS)

        def parse_timeseries(self) -> exp.Expr:
            """Read TIMESERIES name AS 'length' OVER (...)."""
            self._advance()
            name = self._parse_id_var()
            self._match(TokenType.ALIAS)
            length = self._parse_string()
            window = self._parse_window(length)
            if not isinstance(name, exp.Identifier) or window is None:
                raise ParseError("Expected TIMESERIES name AS 'length' OVER (...)")
            return exp.alias_(window, name)

        def parse_with_parameters(self) -> exp.Expr:
            """Read arguments that end with USING PARAMETERS name = value ..."""
            name = self._tokens[self._index - 2].text
            arguments = self._parse_csv(self._parse_assignment)
            if self._match_text_seq("USING", "PARAMETERS"):
                arguments += self._parse_csv(self._parse_assignment)
            return exp.Anonymous(this=name, expressions=arguments)

        def _parse_function_call(self, *args: Any, **options: Any) -> exp.Expr | None:  # noqa: ANN401 - sqlglot's own signature, passed on
            written = self._curr.text if self._curr else ""
            call = super()._parse_function_call(*args, **options)
            if isinstance(call, exp.Func):
                call.meta.setdefault(TITLE, written.lower())
            return call

        def _parse_limit(self, *args: Any, **options: Any) -> exp.Expr | None:  # noqa: ANN401 - sqlglot's own signature, passed on
            limit = super()._parse_limit(*args, **options)
            if isinstance(limit, exp.Limit) and self._curr.text.upper() == "OVER":
                limit.set(LIMIT_OVER, self._parse_window(exp.RowNumber()))
            return limit

        def _parse_ordered(
            self, parse_method: Callable[[], exp.Expr | None] | None = None
        ) -> exp.Ordered | None:
            ordered = super()._parse_ordered(parse_method)
            if ordered is not None and self._prev is not None:
                explicit = self._prev.text.upper() in {"FIRST", "LAST"}
                ordered.meta[EXPLICIT_NULLS] = explicit
            return ordered


def parse(text: str) -> exp.Expr:
    """Read one statement; copy it before changing it.

    Raises:
        SqlError: 42601 if it cannot be read, 0A000 if it is none the sandbox has.
    """
    return _parse_often(text) if len(text) < LONG_TEXT else _parse(text)


def _parse(text: str) -> exp.Expr:
    try:
        tree = Vertica().parse(text)[0]
    except ParseError as failure:
        for clause in _CLAUSES:
            if clause in text.upper():
                raise unsupported(f"{clause} in {text}") from failure
        near = failure.errors[0].get("highlight") or "" if failure.errors else ""
        raise syntax_error(near) from failure
    if tree is None:
        raise syntax_error("")
    if isinstance(tree, exp.Command):
        raise unsupported(text)
    for node, clause in _FOREIGN:
        if tree.find(node):
            raise unsupported(f"{clause} in {text}")
    for call in tree.find_all(exp.TimeToStr):
        template = call.args.get("format")
        if template is not None and _ERA.search(template.name):
            raise unsupported(f"a template with an era in {text}")
    return tree


# BC or AD, of which sqlglot has already read the D.
_ERA = re.compile(r"B\.?C|A\.?(D|%u)", re.IGNORECASE)

# PostgreSQL's, or Vertica's with an effect the sandbox does not have.
_FOREIGN: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.Returning, "RETURNING"),
    (exp.OnConflict, "ON CONFLICT"),
    (exp.Into, "SELECT INTO"),
)
_parse_often = lru_cache(maxsize=1024)(_parse)
