"""What is told of the verbs: to a person, only of those that they may wish."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from pydantic import Field

from pipelines.operations.access.callers import Caller
from pipelines.operations.access.roles import ALLOWED, Capability, Role
from pipelines.operations.arguments import Arguments, Words
from pipelines.operations.verb import (
    Answer,
    AnyVerb,
    Change,
    Context,
    Long,
    Look,
    RefusedError,
)
from pipelines.operations.words import WrongWordsError, described

OUR_COMMAND = "shardline"

LOOK, ACT, PEOPLE = "Look at things", "Do things", "People"
"""Under which headings help lists the verbs."""

NEAR = 0.75
"""How much a word is to be like a verb for that to be offered, of 1."""

HOW = "Each alone asks for what it needs. More of one: /help_status, /help_why, …"


class HelpArguments(Arguments):
    """Of which verb."""

    verb: Words = Field(default=(), description="The verb's name; all without.")


def find_verb(
    verbs: Iterable[AnyVerb], words: Sequence[str]
) -> tuple[AnyVerb, list[str]]:
    """The verb that some words begin with, and the words behind its name.

    Args:
        verbs: Which there are.
        words: What somebody wrote.

    Raises:
        WrongWordsError: They begin with no verb's name.
    """
    if words and words[0] == OUR_COMMAND:  # copied from what is for a shell
        words = words[1:]
    known = {name: verb for verb in verbs for name in (verb.name, *verb.aliases)}
    # The longer name first: `jobs` alone lists them, `jobs cancel` does not.
    for length in (2, 1):
        name = " ".join(words[:length]).lower()
        if len(words) >= length and name in known:
            return known[name], list(words[length:])
    told = repr(words[0]) if words else "nothing"
    near = get_close_matches(words[0].lower(), known, 1, NEAR) if words else []
    meant = f"perhaps `{near[0]}` is meant; " if near else ""
    raise WrongWordsError(f"{told} is no verb", step=f"{meant}see `help`")


def menu(verbs: Iterable[AnyVerb], caller: Caller) -> list[AnyVerb]:
    """The verbs that somebody may wish."""
    return [verb for verb in verbs if caller.may(verb.capability)]


def command_of(verb: AnyVerb) -> str:
    """What a verb is called as a command of Telegram's, which has no blanks."""
    return "/" + verb.name.replace(" ", "_")


def verb_help(verb: AnyVerb) -> list[str]:
    """All that there is to know of a verb."""
    return [
        verb.summary,
        f"write: {verb.usage}",
        *(f"  {name}: {text}" for name, text in described(verb.arguments)),
        f"for example: {verb.name} {verb.example}".rstrip(),
        f"as a command: {command_of(verb)} {verb.example}".rstrip(),
        *([f"also: {', '.join(verb.aliases)}"] if verb.aliases else []),
        f"for: {', '.join(role.value for role in _roles(verb))}",
        *_manner(verb),
    ]


def verb_table(verbs: Iterable[AnyVerb]) -> list[str]:
    """A table of all verbs in Markdown, for the documentation."""
    roles = " | ".join(role.value for role in Role)
    marks = "|".join("---" for _ in Role)
    return [
        f"| verb | what it does | {roles} | |",
        f"|---|---|{marks}|---|",
        *(_row(verb) for verb in verbs),
    ]


def make_help(verbs: Sequence[AnyVerb]) -> Look[HelpArguments]:
    """The verb `help`, which tells of the others."""

    def answer(context: Context, arguments: HelpArguments) -> Answer:
        if arguments.verb:
            verb, _ = find_verb(every, arguments.verb)
            _check_may(context.caller, verb)
            known = menu(every, context.caller)
            lines = (*verb_help(verb), *_related(verb, known))
            return Answer(lines, data={"verb": verb.name, "help": lines})
        known = menu(every, context.caller)
        return Answer(lines=tuple(_overview(known)), data=[_fields(v) for v in known])

    own = Look(
        name="help",
        summary="Tell what you may wish, and how to write it.",
        capability=Capability.LOOK,
        arguments=HelpArguments,
        example="status",
        run=answer,
    )
    every = (*verbs, own)
    return own


def _overview(known: Sequence[AnyVerb]) -> Iterator[str]:
    """The verbs in short, for a telephone: what each does, under a few headings."""
    for heading in (LOOK, ACT, PEOPLE):
        verbs = [verb for verb in known if _heading(verb) == heading]
        if verbs:
            yield heading
            yield from (f"{command_of(verb)}: {_in_short(verb)}" for verb in verbs)
    yield HOW


def _heading(verb: AnyVerb) -> str:
    if verb.capability is Capability.MANAGE:
        return PEOPLE
    return LOOK if isinstance(verb, Look) else ACT


def _in_short(verb: AnyVerb) -> str:
    """The summary up to where it tells details."""
    return re.split(r"[,:;.]", verb.summary, maxsplit=1)[0]


def _fields(verb: AnyVerb) -> dict[str, str]:
    return {
        "verb": verb.name,
        "usage": verb.usage,
        "summary": verb.summary,
        "heading": _heading(verb),
    }


def _check_may(caller: Caller, verb: AnyVerb) -> None:
    """Tell only those of a verb who may wish it.

    Raises:
        RefusedError: They may not.
    """
    if not caller.may(verb.capability):
        who = caller.role.one if caller.role else "somebody unknown"
        raise RefusedError(
            f"{who} may not {verb.name}", step="ask an admin of the pipeline"
        )


def _related(verb: AnyVerb, known: Iterable[AnyVerb]) -> Iterator[str]:
    """The other verbs about the same, such as `jobs cancel` for `jobs list`."""
    about = verb.name.split()[0]
    names = [one.name for one in known if one.name.split()[0] == about]
    if len(names) > 1:
        yield f"see also: {', '.join(name for name in names if name != verb.name)}"


def _roles(verb: AnyVerb) -> list[Role]:
    return [role for role in Role if role in ALLOWED[verb.capability]]


def _manner(verb: AnyVerb) -> Iterator[str]:
    if verb.plan is not None:
        yield "its plan is shown first, and it is done when you agree"
    if isinstance(verb, Long):
        yield "it is a job: `jobs` tells how far it is"


def _row(verb: AnyVerb) -> str:
    marks = " | ".join("yes" if r in _roles(verb) else "" for r in Role)
    kinds = {Long: "job", Change: "changes"}
    kind = kinds.get(type(verb), "")
    told = ", ".join(filter(None, (kind, "asks first" if verb.plan else "")))
    return f"| `{verb.usage}` | {verb.summary} | {marks} | {told} |".replace("  ", " ")
