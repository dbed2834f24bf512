"""One method of the Bot API, as the sandbox has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram.parameters import Parameters


@dataclass(frozen=True)
class Method:
    """A method, and what it takes.

    Attributes:
        name: As the Bot API writes it.
        run: Does what a call says, and returns its result; raises ApiError.
        parameters: The names it knows.
    """

    name: str
    run: Callable[[Parameters], Any]
    parameters: set[str]
