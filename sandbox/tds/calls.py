"""Calls of procedures, by EXEC and by remote procedure calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds import syntax as s
from sandbox.tds.convert import convert
from sandbox.tds.cursor import TokenCursor
from sandbox.tds.lexer import tokenize
from sandbox.tds.modules import ModuleKind
from sandbox.tds.parse_statements import parse_parameters
from sandbox.tds.parsed import parsed
from sandbox.tds.return_values import ReturnValue
from sandbox.tds.routines import Routine
from sandbox.tds.rpc import Call, CallArgument
from sandbox.tds.system_procedures import PROCEDURES, Arguments
from sandbox.tds.types import INT
from sandbox.tds.values import Typed, constant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from sandbox.tds.commands import Execute
    from sandbox.tds.reply import Reply
    from sandbox.tds.run_queries import Queries
    from sandbox.tds.session import TdsSession
    from sandbox.tds.syntax import TableName


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended.

    Attributes:
        goes_on: Whether the batch around it may go on.
        variables: The routine's, for the sake of its parameters.
    """

    goes_on: bool = True
    status: int = 0
    variables: dict[str, Typed] = field(default_factory=dict)


class Calls:
    """The calls of one session."""

    def __init__(
        self,
        session: TdsSession,
        queries: Queries,
        run: Callable[[Routine, dict[str, Typed], Reply], Ended],
        guard: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        """Begin.

        Args:
            session: Whose calls they are.
            queries: Of the session.
            run: Runs a routine's statements.
            guard: Where a hold may catch a statement.
        """
        self._session = session
        self._queries = queries
        self._run = run
        self._guard = guard
        self._prepared: dict[int, Routine] = {}
        self._handles = count(1)

    def execute(self, statement: Execute, reply: Reply) -> bool:
        """EXEC in a batch.

        Returns:
            Whether the batch goes on.
        """
        arguments = []
        for one in statement.arguments:
            wants_default = isinstance(one.value, s.Default)
            value = None if wants_default else self._queries.evaluate(one.value)
            arguments.append(CallArgument(one.name, value, one.output, one.name))
        ended, values = self._call(
            statement.procedure, arguments, statement.text, reply
        )
        if not ended.goes_on:
            return False
        for back in values:
            target = statement.arguments[back.place].value
            if isinstance(target, s.Variable):
                self._queries.set_variable(target.name, back.value)
        if statement.result:
            self._queries.set_variable(statement.result, constant(ended.status, INT))
        reply.returned(ended.status)
        return True

    def call(self, call: Call, reply: Reply) -> bool:
        """A remote procedure call.

        Returns:
            Whether the request goes on.
        """
        name = s.TableName(TokenCursor(tokenize(call.procedure)).dotted())
        ended, values = self._call(name, call.arguments, f"EXEC {name}", reply)
        wanted = []
        for value in values:
            sent = call.arguments[value.place].value
            kind = sent.kind if sent is not None else value.value.kind
            back = self._queries.settled(convert(value.value, kind))
            wanted.append(ReturnValue(value.place, value.name, back))
        reply.returned(ended.status, wanted if ended.goes_on else ())
        return ended.goes_on

    def _call(
        self,
        name: TableName,
        arguments: Sequence[CallArgument],
        text: str,
        reply: Reply,
    ) -> tuple[Ended, list[ReturnValue]]:
        own = name.parts[-1].lower()
        if own in _BATCHES:
            return _BATCHES[own](self, arguments, reply)
        simple = PROCEDURES.get(own)
        if simple is not None:
            with self._guard(text):
                given = Arguments(
                    [one.value for one in arguments], [one.name for one in arguments]
                )
                return Ended(status=simple(self._session, given)), []
        return self._routine(self._find(name, text), arguments, reply)

    def _routine(
        self, routine: Routine, arguments: Sequence[CallArgument], reply: Reply
    ) -> tuple[Ended, list[ReturnValue]]:
        variables = {
            name: self._queries.settled(value)
            for name, value in routine.bind(arguments, self._queries.evaluate).items()
        }
        ended = self._run(routine, variables, reply)
        return ended, [
            ReturnValue(place, argument.as_sent, ended.variables[parameter])
            for place, argument, parameter in routine.outputs(arguments)
        ]

    def _find(self, name: TableName, text: str) -> Routine:
        schema, own = self._session.environment().resolve(name)
        module = self._session.tables.module(schema, own, ModuleKind.PROCEDURE)
        if module is not None:
            definition = module.definition
            return Routine(module.name, definition.parameters, definition.body)
        with self._guard(text):
            raise SqlError(
                f"Could not find stored procedure '{name}'.", number=2812, state=62
            )

    # --- parameterized batches

    def _execute_sql(
        self, arguments: Sequence[CallArgument], reply: Reply
    ) -> tuple[Ended, list[ReturnValue]]:
        """sp_executesql @stmt, @params, values."""
        routine = self._batch(arguments[1:2], arguments[:1])
        return self._values(routine, arguments, 2, reply)

    def _prepare(
        self, arguments: Sequence[CallArgument], _: Reply
    ) -> tuple[Ended, list[ReturnValue]]:
        """sp_prepare @handle OUTPUT, @params, @stmt."""
        handle = next(self._handles)
        self._prepared[handle] = self._batch(arguments[1:2], arguments[2:3])
        return Ended(), [_handle(handle, arguments)]

    def _prepare_and_execute(
        self, arguments: Sequence[CallArgument], reply: Reply
    ) -> tuple[Ended, list[ReturnValue]]:
        """sp_prepexec @handle OUTPUT, @params, @stmt, values."""
        _, (handle,) = self._prepare(arguments, reply)
        routine = self._prepared[int(str(handle.value.constant))]
        ended, values = self._values(routine, arguments, 3, reply)
        return ended, [handle, *values]

    def _execute_prepared(
        self, arguments: Sequence[CallArgument], reply: Reply
    ) -> tuple[Ended, list[ReturnValue]]:
        """sp_execute @handle, values."""
        return self._values(self._prepared[self._known(arguments)], arguments, 1, reply)

    def _unprepare(
        self, arguments: Sequence[CallArgument], _: Reply
    ) -> tuple[Ended, list[ReturnValue]]:
        """sp_unprepare @handle."""
        del self._prepared[self._known(arguments)]
        return Ended(), []

    def _known(self, arguments: Sequence[CallArgument]) -> int:
        value = arguments[0].value if arguments else None
        handle = value.constant if value is not None else None
        if not isinstance(handle, int) or handle not in self._prepared:
            raise SqlError(
                f"Could not find prepared statement with handle {handle!s}.",
                number=8179,
            )
        return handle

    def _batch(
        self, parameters: Sequence[CallArgument], text: Sequence[CallArgument]
    ) -> Routine:
        quoted = self._session.options.quoted_identifier
        declared = _text(parameters, "@params", "")
        return Routine(
            "",
            parse_parameters(declared) if declared else (),
            parsed(_text(text, "@stmt", None), quoted_identifier=quoted),
        )

    def _values(
        self,
        routine: Routine,
        arguments: Sequence[CallArgument],
        first: int,
        reply: Reply,
    ) -> tuple[Ended, list[ReturnValue]]:
        """Run a batch with the arguments from a place on."""
        ended, values = self._routine(routine, arguments[first:], reply)
        return ended, [
            ReturnValue(one.place + first, one.name, one.value) for one in values
        ]


def _text(arguments: Sequence[CallArgument], name: str, default: str | None) -> str:
    return Arguments([one.value for one in arguments], [""] * len(arguments)).text(
        0, name, default
    )


def _handle(handle: int, arguments: Sequence[CallArgument]) -> ReturnValue:
    as_sent = arguments[0].as_sent if arguments else ""
    return ReturnValue(0, as_sent, constant(handle, INT))


_BATCHES = {
    "sp_executesql": Calls._execute_sql,  # noqa: SLF001 - its own methods, by name
    "sp_prepare": Calls._prepare,  # noqa: SLF001
    "sp_prepexec": Calls._prepare_and_execute,  # noqa: SLF001
    "sp_execute": Calls._execute_prepared,  # noqa: SLF001
    "sp_unprepare": Calls._unprepare,  # noqa: SLF001
}
