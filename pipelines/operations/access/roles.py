"""What each role may do. They are no line: an analyst may ask, but not act.

===========  ====  =======  =====  ======
role         LOOK  OPERATE  QUERY  MANAGE
===========  ====  =======  =====  ======
viewer       yes
operator     yes   yes
analyst      yes            yes
admin        yes   yes      yes    yes
===========  ====  =======  =====  ======
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is to the pipeline."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ANALYST = "analyst"
    ADMIN = "admin"

    @property
    def one(self) -> str:
        """Somebody of the role, with an article."""
        return f"{'an' if self[0] in 'aeiou' else 'a'} {self}"


class Capability(StrEnum):
    """A kind of verbs, all of which need the same roles."""

    LOOK = "look"
    """See how things stand, reports among them, and be told of them."""
    OPERATE = "operate"
    """Change what is loaded, or what is told of it: run, backfill, acknowledge."""
    QUERY = "query"
    """Ask the warehouse a question of one's own."""
    MANAGE = "manage"
    """Decide who may do what."""


ALLOWED: dict[Capability, frozenset[Role]] = {
    Capability.LOOK: frozenset(Role),
    Capability.OPERATE: frozenset({Role.OPERATOR, Role.ADMIN}),
    Capability.QUERY: frozenset({Role.ANALYST, Role.ADMIN}),
    Capability.MANAGE: frozenset({Role.ADMIN}),
}
"""Which roles may do what."""
