"""The table of operations: every verb there is."""

from __future__ import annotations

from pipelines.operations.help import make_help
from pipelines.operations.verb import AnyVerb
from pipelines.operations.verbs import (
    clear,
    failures,
    jobs,
    loads,
    people,
    plan,
    refresh,
    report,
    status,
    verify,
)

_VERBS: tuple[AnyVerb, ...] = (
    status.STATUS,
    failures.FAILURES,
    plan.PLAN,
    report.REPORT,
    loads.RUN,
    loads.BACKFILL,
    verify.VERIFY,
    refresh.REFRESH,
    clear.CLEAR,
    jobs.LIST,
    jobs.SHOW,
    jobs.CANCEL,
    jobs.RETRY,
    people.LIST,
    people.INVITE,
    people.ROLE,
    people.REVOKE,
    people.AUDIT,
)

VERBS: tuple[AnyVerb, ...] = (*_VERBS, make_help(_VERBS))
"""In the order in which people read of them."""


def verb_named(name: str) -> AnyVerb:
    """The verb of that name.

    Raises:
        KeyError: There is none.
    """
    return next(verb for verb in VERBS if verb.name == name)
