"""Whatever somebody wishes, by any of the ways in: role, audit, confirmation, deed."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from pipelines import jobs
from pipelines.errors import PermanentError, ShardlineError
from pipelines.etl_db import etl_db_errors
from pipelines.operations.arguments import Arguments
from pipelines.operations.audit.records import (
    UNUSABLE,
    Ending,
    Wish,
    digest_of,
    record_end,
    record_refusal,
    record_wish,
)
from pipelines.operations.confirmations import Agreement, Asked, ask, asked, confirm
from pipelines.operations.verb import (
    Answer,
    AnyVerb,
    Change,
    Context,
    Long,
    Look,
    Plan,
)

LONGEST_KEY = 400
"""Most characters of what a job is recognised by; a longer wish has its digest."""


class RefusedError(PermanentError):
    """Somebody may not do what they wish; the audit has it."""


@dataclass(frozen=True)
class Accepted:
    """A long operation is a job now.

    Attributes:
        job: Which one.
        is_new: Whether there was none for the same wish.
    """

    job: jobs.Job
    is_new: bool


@dataclass(frozen=True)
class Question:
    """Nothing is done before somebody agrees.

    Attributes:
        number: Of the question, for `agree`.
        verb: What would be done.
        arguments: To what.
        plan: What it comes to.
        is_anew: Whether this plan was not what was agreed to.
    """

    number: str
    verb: AnyVerb
    arguments: Arguments
    plan: Plan
    is_anew: bool = False


Outcome = Answer | Accepted | Question

InCommit = Callable[[Connection, Outcome], None]
"""What is written in the commit of a deed and its audit, such as that it was asked."""


def perform(
    context: Context,
    verb: AnyVerb,
    arguments: Arguments,
    *,
    agreed: bool = False,
    source_id: str | None = None,
    in_commit: InCommit = lambda *_: None,
) -> Outcome:
    """Do what somebody wishes, or make it a job, or ask them first.

    Args:
        context: Who wishes it, where.
        verb: What.
        arguments: To what.
        agreed: Whether they have seen what comes of it, as in a shell.
        source_id: What a wish is called that may come again, as `jobs.Wish` has it.
        in_commit: Is called in the transaction of the deed and its audit; of a
            question, in one of its own.

    Raises:
        RefusedError: They may not.
        ShardlineError: It could not be done; the audit says so, if it can be written.
    """
    wish = _wish(context, verb, arguments)
    _check_role(context, verb, wish)
    with _failures_audited(context, wish):
        plan = verb.plan(context, arguments) if verb.plan else None
        if plan and verb.asks(arguments) and not agreed:
            return _ask(context, verb, arguments, plan, in_commit)
        deed = _Deed(context, _planned(wish, plan), source_id, in_commit)
        return deed.carry_out(verb, arguments, plan)


def agree(
    context: Context,
    number: str,
    verbs: Callable[[str], AnyVerb],
    *,
    source_id: str | None = None,
    in_commit: InCommit = lambda *_: None,
) -> Outcome:
    """Do what somebody was asked about, now that they agree; or ask about a new plan.

    Args:
        context: Who agrees, where.
        number: Of the question.
        verbs: Finds a verb by its name, or raises KeyError.
        source_id: As for `perform`.
        in_commit: As for `perform`.

    Raises:
        RefusedError: They may not (any more), or it was not they who were asked,
            there, within two minutes, and have not answered yet.
        ShardlineError: It could not be done.
    """
    what = asked(context.engine, number, context.caller, context.place)
    if what is None:
        raise _refused_answer(context)
    try:
        verb = verbs(what.verb)
    except KeyError:  # another version of ours has asked
        raise _refused_answer(context) from None
    arguments = verb.arguments.model_validate_json(what.arguments)
    wish = _wish(context, verb, arguments)
    _check_role(context, verb, wish)
    with _failures_audited(context, wish):
        plan = verb.plan(context, arguments) if verb.plan else Plan(())
        deed = _Deed(context, _planned(wish, plan), source_id, in_commit, number)
        try:
            return deed.carry_out(verb, arguments, plan)
        except _NotAgreedError as error:
            if error.agreement is Agreement.REFUSED:
                raise _refused_answer(context) from None
        return _ask(context, verb, arguments, plan, in_commit, answered=number)


class _NotAgreedError(Exception):
    """What was to be done is undone: an answer does not count for it."""

    def __init__(self, agreement: Agreement) -> None:
        super().__init__(agreement.value)
        self.agreement = agreement


@dataclass(frozen=True)
class _Deed:
    """What is carried out, in one commit with its rows of the audit.

    Attributes:
        question: Whose answer counts if this is committed, and only then.
    """

    context: Context
    wish: Wish
    source_id: str | None
    in_commit: InCommit
    question: str | None = None

    def carry_out(
        self, verb: AnyVerb, arguments: Arguments, plan: Plan | None
    ) -> Answer | Accepted:
        if isinstance(verb, Look):
            return self._look(verb, arguments)
        if isinstance(verb, Change):
            return self._change(verb, arguments)
        return self._accept(verb, arguments, plan or Plan(()))

    def _look(self, verb: Look[Any], arguments: Arguments) -> Answer:
        answer = verb.run(self.context, arguments)
        with self._commit() as connection:
            number = record_wish(connection, self.wish)
            record_end(connection, number, Ending.DONE)
            self.in_commit(connection, answer)
        return answer

    def _change(self, verb: Change[Any], arguments: Arguments) -> Answer:
        with self._commit() as connection:
            number = record_wish(connection, self.wish)
            answer = verb.run(connection, self.context, arguments)
            record_end(connection, number, Ending.DONE)
            self.in_commit(connection, answer)
        return answer

    def _accept(self, verb: Long[Any], arguments: Arguments, plan: Plan) -> Accepted:
        wanted = self._job(verb, arguments, plan)
        with self._commit() as connection:
            number = record_wish(connection, self.wish)
            wanted = replace(wanted, audit=number)
            job = self.context.queue.enqueue(wanted, connection)
            accepted = Accepted(job, is_new=job.wish.audit == number)
            if not accepted.is_new:
                told = f"it is job {job.number} already"
                record_end(connection, number, Ending.DONE, told)
            self.in_commit(connection, accepted)
        return accepted

    def _job(self, verb: Long[Any], arguments: Arguments, plan: Plan) -> jobs.Wish:
        work = verb.work(self.context, arguments, plan)
        return jobs.Wish(
            verb=verb.name,
            words=tuple(verb.words(arguments, work.options)),
            key=_key(verb.words(arguments)),
            asker=self.context.caller.who,
            origin=self.context.place.split(":", 1)[0],
            arguments=arguments.model_dump(mode="json", exclude_defaults=True),
            servers=work.servers,
            source_id=self.source_id,
            priority=work.priority,
        )

    @contextmanager
    def _commit(self) -> Iterator[Connection]:
        with (
            etl_db_errors(UNUSABLE),
            self.context.engine.begin() as connection,
        ):
            if self.question is not None:
                agreement = _confirm(connection, self.context, self.question, self.wish)
                if agreement is not Agreement.CONFIRMED:
                    raise _NotAgreedError(agreement)
            yield connection


def _confirm(
    connection: Connection, context: Context, number: str, wish: Wish
) -> Agreement:
    caller, place = context.caller, context.place
    return confirm(connection, number, caller, place, wish.plan_digest)


def _key(words: list[str]) -> str:
    said = shlex.join(words)
    return said if len(said) <= LONGEST_KEY else f"{words[0]} {digest_of(said)}"


def _wish(context: Context, verb: AnyVerb, arguments: Arguments) -> Wish:
    words = verb.words(arguments)[len((verb.command or verb.name).split()) :]
    return Wish(context.caller, context.place, verb.name, shlex.join(words))


def _planned(wish: Wish, plan: Plan | None) -> Wish:
    if plan is None:
        return wish
    said = plan.lines[-1] if plan.lines else ""
    return replace(wish, plan=said, plan_digest=plan.digest)


def _check_role(context: Context, verb: AnyVerb, wish: Wish) -> None:
    caller = context.caller
    if caller.may(verb.capability):
        return
    who = f"a {caller.role}" if caller.role else "somebody unknown"
    why = f"{who} may not {verb.name}"
    record_refusal(context.engine, wish, why)
    raise RefusedError(why, step="ask an admin of the pipeline")


def _refused_answer(context: Context) -> RefusedError:
    why = "nothing waits for this answer: it is too late, or somebody else was asked"
    wish = Wish(context.caller, context.place, "agree")
    record_refusal(context.engine, wish, why)
    return RefusedError(why, step="wish for it anew")


def _ask(
    context: Context,
    verb: AnyVerb,
    arguments: Arguments,
    plan: Plan,
    in_commit: InCommit,
    answered: str | None = None,
) -> Question:
    """Ask whether a plan is to be carried out, anew if another was answered."""
    what = Asked(verb.name, arguments.model_dump_json())
    caller, place, digest = context.caller, context.place, plan.digest
    with etl_db_errors(UNUSABLE), context.engine.begin() as connection:
        if answered is not None:
            confirm(connection, answered, caller, place, digest)
        number = ask(connection, caller, place, what, digest)
        is_anew = answered is not None
        question = Question(number, verb, arguments, plan, is_anew=is_anew)
        in_commit(connection, question)
    return question


@contextmanager
def _failures_audited(context: Context, wish: Wish) -> Iterator[None]:
    """Write down of what could not be done that it was wished, and why it was not."""
    try:
        yield
    except RefusedError:
        raise
    except ShardlineError as error:
        with (
            etl_db_errors(UNUSABLE),
            context.engine.begin() as connection,
        ):
            number = record_wish(connection, wish)
            record_end(connection, number, Ending.FAILED, str(error))
        raise
