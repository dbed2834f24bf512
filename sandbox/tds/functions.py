"""The scalar functions, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.tds.conditional_functions import CONDITIONAL_FUNCTIONS
from sandbox.tds.math_functions import MATH_FUNCTIONS
from sandbox.tds.moment_functions import MOMENT_FUNCTIONS
from sandbox.tds.session_functions import SESSION_FUNCTIONS
from sandbox.tds.text_functions import TEXT_FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.environment import Environment
    from sandbox.tds.values import Typed

    Function = Callable[[Sequence[Typed], Environment], Typed]

FUNCTIONS: dict[str, Function] = {
    **CONDITIONAL_FUNCTIONS,
    **MATH_FUNCTIONS,
    **MOMENT_FUNCTIONS,
    **SESSION_FUNCTIONS,
    **TEXT_FUNCTIONS,
}
