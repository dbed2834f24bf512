"""What is called with parameters: a stored procedure, or a parameterized batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds.compile_expressions import declared_type
from sandbox.tds.convert import convert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.commands import Parameter, Statement
    from sandbox.tds.rpc import CallArgument
    from sandbox.tds.syntax import Expression
    from sandbox.tds.values import Typed

_MISSING = 201
_MISSING_OF_BATCH = 8178


@dataclass(frozen=True, slots=True)
class Routine:
    """Statements with parameters.

    Attributes:
        name: A procedure's; '' for a batch.
    """

    name: str
    parameters: tuple[Parameter, ...]
    statements: tuple[Statement, ...]

    def bind(
        self,
        arguments: Sequence[CallArgument],
        evaluate: Callable[[Expression], Typed],
    ) -> dict[str, Typed]:
        """The parameters' values at the beginning of a call.

        Args:
            arguments: Of the call; an argument without a name goes by its place.
            evaluate: Gives the value of a default.

        Raises:
            SqlError: 201 or 8178, one is missing; 119, 8144, 8145, 8162: they do not
                fit; or a value cannot be converted.
        """
        given = self._given(arguments)
        values = {}
        for parameter in self.parameters:
            argument = given.get(parameter.name)
            value = argument.value if argument is not None else None
            if value is None:
                if parameter.default is None:
                    raise self._missing(parameter)
                value = evaluate(parameter.default)
            values[parameter.name] = convert(value, declared_type(parameter.type))
        return values

    def outputs(
        self, arguments: Sequence[CallArgument]
    ) -> list[tuple[int, CallArgument, str]]:
        """The arguments that are asked back: place, argument, parameter's name."""
        found = []
        for place, argument in enumerate(arguments):
            if argument.output:
                name = argument.name or self.parameters[place].name
                found.append((place, argument, name))
        return found

    def _given(self, arguments: Sequence[CallArgument]) -> dict[str, CallArgument]:
        known = {parameter.name: parameter for parameter in self.parameters}
        given: dict[str, CallArgument] = {}
        for place, argument in enumerate(arguments):
            if not argument.name and any(one.name for one in arguments[:place]):
                raise SqlError(
                    f"Must pass parameter number {place + 1} and subsequent parameters "
                    "as '@name = value'. After the form '@name = value' has been used, "
                    "all subsequent parameters must be passed in the form '@name = "
                    "value'.",
                    number=119,
                    severity=15,
                )
            if not argument.name and place >= len(self.parameters):
                raise SqlError(
                    f"Procedure or function {self.name} has too many arguments "
                    "specified.",
                    number=8144,
                    state=2,
                )
            name = argument.name or self.parameters[place].name
            if name not in known:
                raise SqlError(
                    f"{argument.as_sent or name} is not a parameter for procedure "
                    f"{self.name}.",
                    number=8145,
                    state=2,
                )
            if argument.output and not known[name].output:
                raise SqlError(
                    f'The formal parameter "{name}" was not declared as an OUTPUT '
                    "parameter, but the actual parameter passed in requested output.",
                    number=8162,
                    state=2,
                )
            given[name] = argument
        return given

    def _missing(self, parameter: Parameter) -> SqlError:
        if self.name:
            return SqlError(
                f"Procedure or function '{self.name}' expects parameter "
                f"'{parameter.name}', which was not supplied.",
                number=_MISSING,
                state=4,
            )
        return SqlError(
            f"The parameterized query expects the parameter '{parameter.name}', which "
            "was not supplied.",
            number=_MISSING_OF_BATCH,
        )
