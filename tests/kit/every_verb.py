"""Every verb, wished by everybody by every way in: what comes of it, as JSON.

Run as a script in a project's folder: `every_verb.py DAY`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from sqlalchemy import Engine, select

from pipelines.config import current_settings, read_session_options
from pipelines.errors import ShardlineError
from pipelines.etl_db import audit_table, etl_engine
from pipelines.operations import (
    SLOW_MODULES,
    VERBS,
    Accepted,
    AnyVerb,
    Context,
    Identity,
    IdentityKind,
    Question,
    RefusedError,
    Role,
    Slow,
    accept,
    agree,
    ask_elsewhere,
    audited_queue,
    find_caller,
    find_verb,
    invite,
    parse_words,
    perform,
    split_words,
    verb_named,
)
from pipelines.runtime import ProcessPool
from pipelines.warehouse import cached_markers

PLACES = {
    IdentityKind.TELEGRAM: "telegram:-1001/5",
    IdentityKind.PROXY: "page:proxy",
    IdentityKind.PASSWORD: "page:password",
}

WAYS = (IdentityKind.TELEGRAM, IdentityKind.PROXY, IdentityKind.PASSWORD)


@dataclass(frozen=True)
class Tried:
    """What came of a wish.

    Attributes:
        steps: What was told, one after the other: a question, and what came of the
            answer to it.
        audit: The new wishes of the audit: verb, place, identity, allowed.
    """

    verb: str
    role: str
    way: str
    steps: list[str]
    told: str
    audit: list[list[object]]


def subject(way: IdentityKind, role: Role | None) -> str:
    """By what somebody of a role is known."""
    number = 1 + [*Role, None].index(role)
    return str(number) if way is IdentityKind.TELEGRAM else f"{way}-{number}"


def people(engine: Engine) -> None:
    """One person of each role, known by each of the ways."""
    for role in Role:
        for way in WAYS:
            with engine.begin() as connection:
                code = invite(connection, f"the {role}", role).code
            accept(engine, code, Identity(way, subject(way, role)), "test")


def wish(
    engine: Engine, slow: Slow, verb: AnyVerb, role: Role | None, way: IdentityKind
) -> Tried:
    """Wish what the verb's example says, and agree to it when asked."""
    identity = Identity(way, subject(way, role))
    context = Context(
        find_caller(engine, identity),
        PLACES[way],
        lambda: engine,
        current_settings,
        audited_queue,
        slow,
    )
    found, words = find_verb(VERBS, split_words(f"{verb.name} {verb.example}"))
    before, steps, told = newest(engine), [], ""
    try:
        arguments = parse_words(found.arguments, words)
        outcome = perform(context, found, arguments)
        steps.append(type(outcome).__name__)
        if isinstance(outcome, Question):
            outcome = agree(context, outcome.number, verb_named)
            steps.append(type(outcome).__name__)
        if isinstance(outcome, Accepted):
            told = f"job {outcome.job.number}"
    except RefusedError as error:
        steps.append("Refused")
        told = str(error)
    except ShardlineError as error:
        steps.append("Failed")
        told = str(error)
    who = role.value if role else "nobody"
    return Tried(verb.name, who, way.value, steps, told, wishes(engine, before))


def newest(engine: Engine) -> int:
    """The newest row of the audit."""
    with engine.connect() as connection:
        rows = select(audit_table.c.number).order_by(audit_table.c.number.desc())
        return connection.scalar(rows.limit(1)) or 0


def wishes(engine: Engine, after: int) -> list[list[object]]:
    """The wishes since a row of the audit."""
    row = audit_table.c
    query = (
        select(row.verb, row.place, row.identity, row.allowed)
        .where(row.number > after, row.of.is_(None))
        .order_by(row.number)
    )
    with engine.connect() as connection:
        return [list(found) for found in connection.execute(query)]


def main() -> None:
    """Try all, verb by verb; who may do the least first."""
    engine = etl_engine(read_session_options().database)
    people(engine)
    with ProcessPool(warm=SLOW_MODULES) as pool:
        slow = ask_elsewhere(pool)
        tried = [
            wish(engine, slow, verb, role, way)
            for verb in VERBS
            for role in (None, *Role)
            for way in WAYS
        ]
    # Whoever asks the warehouse does so elsewhere.
    assert cached_markers.cache_info().currsize == 0
    json.dump([vars(one) for one in tried], sys.stdout)


if __name__ == "__main__":
    main()
