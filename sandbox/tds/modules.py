"""What the catalog knows of a procedure or a view: its T-SQL text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from sandbox.tds.parse_statements import parse_batch
from sandbox.tds.tables import table_key

if TYPE_CHECKING:
    from sandbox.tds.commands import CreateModule


class ModuleKind(Enum):
    """A module's type in sys.objects."""

    PROCEDURE = "P"
    VIEW = "V"

    @property
    def word(self) -> str:
        """What T-SQL and its messages call it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Module:
    """A stored procedure or a view.

    Attributes:
        text: The batch that made it.
        object_id: Its number in sys.objects.
        quoted_identifier: Whether "x" is a name in its text.
    """

    schema: str
    name: str
    kind: ModuleKind
    text: str
    object_id: int = 0
    quoted_identifier: bool = True

    @property
    def is_temporary(self) -> bool:
        """Whether it is a session's own, a #procedure."""
        return self.name.startswith("#")

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it, among tables too."""
        return table_key(self.schema, self.name)

    @property
    def definition(self) -> CreateModule:
        """Its text, parsed."""
        return _parsed(self.text, self.quoted_identifier)


@lru_cache(maxsize=512)
def _parsed(text: str, quoted_identifier: bool) -> CreateModule:
    (statement,) = parse_batch(text, quoted_identifier=quoted_identifier)
    return statement  # type: ignore[return-value]
