"""Every verb, every role, every way in: allowed or refused as the table says."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from pipelines.etl_db import (
    alerts_table,
    documents_table,
    etl_engine,
    incidents_table,
)
from pipelines.jobs import SqlJobQueue, Wish
from pipelines.operations import (
    ALLOWED,
    VERBS,
    AnyVerb,
    Long,
    Look,
    Role,
    find_verb,
    invite,
    parse_words,
    split_words,
    verb_named,
)
from tests.kit import every_verb
from tests.kit.project import DAY
from tests.kit.reporting import Reporting

EXAMPLE_JOB = 12

DOCUMENT = {
    "number": 7,
    **dict.fromkeys(("name", "content_type", "digest", "who"), "x"),
    **dict.fromkeys(("identity", "place"), "telegram:1"),
    "size": 1,
    "added": datetime.now(UTC),
}

INCIDENT = {
    "number": 17,
    "family": "LoadOrders",
    "fingerprint": "f",
    "error": "TransientError",
    "code": "20009",
    "message": "no answer",
    "step": "look",
    "receipts": "{}",
    **dict.fromkeys(("opened", "last_seen", "running_since"), datetime.now(UTC)),
    "partitions": 1,
}
"""That of the examples, open."""

FAILURE = {
    **{name: INCIDENT[name] for name in ("family", "fingerprint", "error", "code")},
    **{name: INCIDENT[name] for name in ("message", "step")},
    "id": 1,
    "run": 1,
    "event": "failure",
    "task_id": "LoadOrdersShard",
    "subject": "orders",
    "day": date(2019, 3, 13),
    "shard": "moscow",
    **dict.fromkeys(("happened", "due"), INCIDENT["opened"]),
    "incident": INCIDENT["number"],
}
"""What failed of it, which is not there yet."""


def with_all_that_examples_name(project: Reporting) -> Reporting:
    """A loaded shard, fresh reports, jobs, an incident and a person."""
    project.options["alerts"] = {"channels": "telegram"}
    shard = project.add_tables("moscow")
    project.fill(shard, DAY, 5, 1)
    assert project.refresh(DAY).code == 0
    engine = etl_engine(SecretStr(project.etl_database))
    queue = SqlJobQueue(engine)
    for number in range(1, EXAMPLE_JOB + 1):
        wish = Wish("run", ("run",), f"{number}", "anna", "test")
        assert queue.enqueue(wish).number == number
    with engine.begin() as connection:
        connection.execute(insert(documents_table).values(DOCUMENT))
        invite(connection, "Boris", Role.VIEWER)
        connection.execute(insert(incidents_table).values(INCIDENT))
        connection.execute(insert(alerts_table).values(FAILURE))
    engine.dispose()
    return project


@pytest.fixture
def prepared(reporting: Reporting) -> Reporting:
    return with_all_that_examples_name(reporting)


def test_each_wish_is_allowed_or_refused_by_the_table_and_in_the_audit(
    prepared: Reporting,
) -> None:
    script = str(Path(every_verb.__file__))
    result = prepared.run("python", script, timeout=300)
    assert (result.code, result.err) == (0, "")
    tried: list[dict[str, Any]] = json.loads(result.out)
    assert len(tried) == len(VERBS) * (len(Role) + 1) * len(every_verb.WAYS)
    succeeded = defaultdict(set)
    for one in tried:
        verb, role, way = verb_named(one["verb"]), one["role"], one["way"]
        may = role in {each.value for each in ALLOWED[verb.capability]}
        assert (one["steps"] == ["Refused"]) is not may, one
        person = None if role == "nobody" else Role(role)
        identity = f"{way}:{every_verb.subject(every_verb.IdentityKind(way), person)}"
        place = every_verb.PLACES[every_verb.IdentityKind(way)]
        assert one["audit"] == [[verb.name, place, identity, may]], one
        if may and one["steps"][-1] != "Failed":
            succeeded[verb.name].add(tuple(one["steps"]))
    assert dict(succeeded) == {verb.name: {steps_of(verb)} for verb in VERBS}


def steps_of(verb: AnyVerb) -> tuple[str, ...]:
    done = "Accepted" if isinstance(verb, Long) else "Answer"
    return ("Question", done) if verb.plan else (done,)


def test_the_shell_may_do_all_and_writes_down_what_changes_something(
    prepared: Reporting,
) -> None:
    engine = etl_engine(SecretStr(prepared.etl_database))
    for verb in VERBS:
        before = every_verb.newest(engine)
        result = prepared.run("shardline", *shell_command(verb))
        assert (result.code, result.err) == (0, ""), verb.name
        wished = every_verb.wishes(engine, before)
        if isinstance(verb, Look):
            assert wished == [], verb.name
        else:
            ((name, place, identity, allowed),) = wished
            assert (name, allowed) == (verb.name, True)
            assert str(place).startswith("terminal:")
            assert str(identity).startswith("shell:")
    engine.dispose()


def shell_command(verb: AnyVerb) -> list[str]:
    """What the verb's example is in a shell; of one that takes its time, as a job."""
    found, words = find_verb(VERBS, split_words(f"{verb.name} {verb.example}"))
    command = verb.words(parse_words(found.arguments, words))
    if verb.name in {
        "subscriptions add",
        "subscriptions remove",
    }:  # a terminal is no place for that
        command += ["--place", "telegram:-1001"]
    if not isinstance(verb, Long):
        return command
    agreed = ["--yes"] if verb.destroys else []
    return [*command, *agreed, "--on", "job"]
