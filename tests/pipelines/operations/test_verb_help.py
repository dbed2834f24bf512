"""Help tells each person what they may wish, and how; it is made from the table."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from enum import Enum

import pytest
from sqlalchemy import Engine

from pipelines.catalog import DayRange
from pipelines.config import read_settings
from pipelines.operations import (
    ALLOWED,
    VERBS,
    Answer,
    AnyVerb,
    Caller,
    Change,
    Context,
    Identity,
    IdentityKind,
    Long,
    RefusedError,
    Role,
    WrongWordsError,
    audited_queue,
    fields_of,
    find_verb,
    kind_of,
    menu,
    parse_words,
    perform,
    split_words,
    verb_help,
    verb_table,
)
from tests.kit.operations import CHAT

IN_SHORT = re.compile(r"[^,:;.]+")

LONGEST = "Tell what became of a shard's day"

EACH = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
ROLES = pytest.mark.parametrize("role", Role)


def somebody(role: Role | None) -> Caller:
    return Caller(Identity(IdentityKind.TELEGRAM, "5"), "Anna", role)


def helped(engine: Engine, role: Role | None, text: str = "") -> Answer:
    """What help answers to somebody."""
    context = Context(
        somebody(role), CHAT, lambda: engine, read_settings, audited_queue
    )
    verb, words = find_verb(VERBS, split_words(f"help {text}"))
    outcome = perform(context, verb, parse_words(verb.arguments, words))
    assert isinstance(outcome, Answer)
    return outcome


@ROLES
def test_help_names_just_what_the_role_may_wish(engine: Engine, role: Role) -> None:
    answer = helped(engine, role)
    may = [verb for verb in VERBS if role in ALLOWED[verb.capability]]
    assert menu(VERBS, somebody(role)) == may
    assert {one for one in answer.lines if one.startswith("/")} == {
        f"/{verb.name.replace(' ', '_')}: {IN_SHORT.match(verb.summary)[0]}"  # type: ignore[index]
        for verb in may
    }
    assert [one["usage"] for one in answer.data] == [verb.usage for verb in may]


@ROLES
def test_help_is_short_and_grouped(engine: Engine, role: Role) -> None:
    lines = helped(engine, role).lines
    headings = [one for one in lines if one[0] != "/"]
    people = ["People"] if role is Role.ADMIN else []
    assert headings[:-1] == ["Look at things", "Do things", *people]
    assert max(map(len, lines)) <= 80
    assert len(lines) <= len(VERBS) + 4
    at = lines.index("Do things")
    assert f"/why: {LONGEST}" in lines[:at]
    assert any(one.startswith("/subscriptions_add: ") for one in lines[at:])


@ROLES
def test_help_tells_of_a_verb_only_who_may_wish_it(engine: Engine, role: Role) -> None:
    for verb in VERBS:
        for name in (verb.name, *verb.aliases):
            if role in ALLOWED[verb.capability]:
                told = list(helped(engine, role, name).lines)
                about = verb_help(verb)
                assert told[: len(about)] == about
            else:
                with pytest.raises(RefusedError) as refused:
                    helped(engine, role, name)
                assert f"{role.one} may not {verb.name}; ask an admin" in str(
                    refused.value
                )


def test_help_of_a_group_names_the_others_of_it(engine: Engine) -> None:
    for text in ("jobs", "jobs list"):
        told = helped(engine, Role.OPERATOR, text).lines[-1]
        assert told.startswith("see also: jobs show, jobs cancel, jobs retry")
    told = helped(engine, Role.VIEWER, "jobs").lines[-1]
    assert told.startswith("see also: jobs show")
    assert "cancel" not in told


def test_a_stranger_is_told_nothing(engine: Engine) -> None:
    assert menu(VERBS, somebody(None)) == []
    with pytest.raises(RefusedError):
        helped(engine, None)
    with pytest.raises(RefusedError):
        helped(engine, None, "status")


def test_help_of_what_is_no_verb_is_refused(engine: Engine) -> None:
    with pytest.raises(WrongWordsError, match="'dance' is no verb; see `help`"):
        helped(engine, Role.ADMIN, "dance")


@EACH
def test_help_of_a_verb_has_all_that_there_is_to_know(verb: AnyVerb) -> None:
    lines = verb_help(verb)
    assert lines[0] == verb.summary
    assert f"write: {verb.usage}" in lines
    assert f"for example: {verb.name} {verb.example}".strip() in lines
    command = f"/{verb.name.replace(' ', '_')}"
    assert f"as a command: {command} {verb.example}".strip() in lines
    (roles,) = (line for line in lines if line.startswith("for: "))
    allowed = ALLOWED[verb.capability]
    assert roles == f"for: {', '.join(role for role in Role if role in allowed)}"
    for alias in verb.aliases:
        assert alias in next(line for line in lines if line.startswith("also: "))
    told = "\n".join(lines)
    assert ("its plan is shown first" in told) == (verb.plan is not None)
    assert ("it is a job" in told) == isinstance(verb, Long)


@EACH
def test_every_argument_is_described_and_in_the_usage(verb: AnyVerb) -> None:
    told = [line for line in verb_help(verb) if line.startswith("  ")]
    fields = verb.arguments.model_fields
    assert len(told) == len(fields)
    for line, field in zip(told, fields.values(), strict=True):
        assert field.description
        assert field.description.endswith(".")
        written, description, _ = line.strip().partition(f": {field.description}")
        assert description
        assert written in verb.usage
        assert written.startswith("[") == (not field.is_required())


@EACH
def test_what_an_argument_may_be_is_told_with_it(verb: AnyVerb) -> None:
    told = [line for line in verb_help(verb) if line.startswith("  ")]
    kind = verb.arguments
    for line, (name, field) in zip(told, kind.model_fields.items(), strict=True):
        what = kind_of(kind, name)
        if issubclass(what, Enum):
            assert line.endswith(f" One of {', '.join(one.value for one in what)}.")
        elif issubclass(what, date) and not issubclass(what, datetime):
            assert line.endswith(" Written as 2019-03-14 or yesterday.")
        elif what is DayRange:
            assert line.endswith(", yesterday or 2019-03-01..2019-03-31.")
        elif what is int and isinstance(field.default, int):
            assert line.endswith(f" {field.default} unless given.")


@EACH
def test_a_summary_is_a_sentence(verb: AnyVerb) -> None:
    assert verb.summary[0].isupper()
    assert verb.summary.endswith(".")
    assert verb.usage.startswith(verb.name)


@EACH
def test_the_example_is_understood_and_says_something(verb: AnyVerb) -> None:
    found, words = find_verb(VERBS, split_words(f"{verb.name} {verb.example}"))
    assert found is verb
    parse_words(verb.arguments, words)
    assert bool(verb.example) == bool(fields_of(verb.arguments))


def test_no_two_verbs_are_called_the_same() -> None:
    names = Counter(name for verb in VERBS for name in (verb.name, *verb.aliases))
    assert {name for name, times in names.items() if times > 1} == set()
    for name in names:
        assert name == name.lower() == " ".join(name.split())
        assert len(name.split()) <= 2, "find_verb looks for no longer ones"


@EACH
def test_each_of_a_verbs_names_finds_it(verb: AnyVerb) -> None:
    for name in (verb.name, *verb.aliases):
        rest = ["behind"]
        assert find_verb(VERBS, [*name.upper().split(), *rest]) == (verb, rest)


@EACH
def test_no_name_of_a_verb_is_read_as_another_with_arguments(verb: AnyVerb) -> None:
    """A first word that is a verb itself, as `jobs` is, is the same group's list."""
    first, *more = verb.name.split()
    if more and first in {alias for one in VERBS for alias in (one.name, *one.aliases)}:
        group, _ = find_verb(VERBS, [first])
        assert group.name.split()[0] == first


def test_the_table_for_the_documentation_has_each_verb_and_role() -> None:
    heads, line, *rows = verb_table(VERBS)
    assert [cell.strip() for cell in heads.split("|")[3:-2]] == [*Role]
    assert len(rows) == len(VERBS)
    for row, verb in zip(rows, VERBS, strict=True):
        cells = [cell.strip() for cell in row.split("|")[1:-1]]
        assert len(cells) == line.count("|") - 1
        assert cells[:2] == [f"`{verb.usage}`", verb.summary]
        allowed = ALLOWED[verb.capability]
        assert cells[2:-1] == ["yes" if role in allowed else "" for role in Role]
        assert ("job" in cells[-1]) == isinstance(verb, Long)
        assert ("changes" in cells[-1]) == isinstance(verb, Change)
        assert ("asks first" in cells[-1]) == (verb.plan is not None)
