"""The table of operations: every verb there is."""

from __future__ import annotations

from pipelines.operations.help import make_help
from pipelines.operations.verb import AnyVerb
from pipelines.operations.verbs import (
    clear,
    documents,
    failures,
    jobs,
    loads,
    people,
    plan,
    refresh,
    report,
    status,
    subscriptions,
    verify,
    why,
)
from pipelines.operations.verbs.incidents import handling, listing, rerunning, showing

_VERBS: tuple[AnyVerb, ...] = (
    status.STATUS,
    failures.FAILURES,
    why.WHY,
    listing.INCIDENTS_LIST,
    showing.INCIDENTS_SHOW,
    rerunning.INCIDENTS_RERUN,
    handling.INCIDENTS_ACKNOWLEDGE,
    handling.INCIDENTS_MUTE,
    handling.INCIDENTS_UNMUTE,
    handling.INCIDENTS_CLOSE,
    subscriptions.SUBSCRIPTIONS,
    subscriptions.SUBSCRIBE,
    subscriptions.UNSUBSCRIBE,
    plan.PLAN,
    report.REPORT,
    loads.RUN,
    loads.BACKFILL,
    verify.VERIFY,
    refresh.REFRESH,
    clear.CLEAR,
    jobs.JOBS_LIST,
    jobs.JOBS_SHOW,
    jobs.JOBS_CANCEL,
    jobs.JOBS_RETRY,
    documents.DOCUMENTS_LIST,
    documents.DOCUMENTS_REMOVE,
    people.PEOPLE_LIST,
    people.PEOPLE_INVITE,
    people.PEOPLE_ROLE,
    people.PEOPLE_REVOKE,
    people.AUDIT,
)

HELP_VERB = make_help(_VERBS)

VERBS: tuple[AnyVerb, ...] = (*_VERBS, HELP_VERB)
"""In the order in which people read of them."""


def verb_named(name: str) -> AnyVerb:
    """The verb of that name.

    Raises:
        KeyError: There is none.
    """
    return {verb.name: verb for verb in VERBS}[name]
