"""Whatever somebody wishes, by any of the ways in: role, plan, question, execution."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from pydantic import ValidationError
from sqlalchemy import Connection

from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_db_errors
from pipelines.operations import confirmations
from pipelines.operations.arguments import Arguments
from pipelines.operations.audit.records import (
    UNUSABLE,
    Ending,
    Wish,
    record_end,
    record_wish,
)
from pipelines.operations.confirmations import Agreement, Asked, ask, asked, confirm
from pipelines.operations.execution import (
    PLANNING,
    Execution,
    InCommit,
    NotAgreedError,
    Outcome,
    Question,
    UndoneError,
)
from pipelines.operations.refusals import refused
from pipelines.operations.verb import AnyVerb, Context, Plan, RefusedError


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
        in_commit: Is called in the transaction of what is done and its audit; of a
            question, in that which keeps it.

    Raises:
        RefusedError: They may not.
        ShardlineError: It could not be done; the audit says so, if it can be written.
    """
    wish = _wish(context, verb, arguments)
    check_role(context, verb, wish)
    with _failures_audited(context, wish):
        plan = verb.ask(verb.plan, context, arguments) if verb.plan else None
        if plan and verb.asks(arguments) and not agreed:
            return _ask(context, verb, arguments, plan, in_commit)
        execution = Execution(context, _planned(wish, plan), source_id, in_commit)
        return execution.carry_out(verb, arguments, plan)


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
        raise _refused_answer(context, number)
    try:
        verb = verbs(what.verb)
        arguments: Arguments = verb.arguments.model_validate_json(what.arguments)
    except (KeyError, ValidationError):  # another version of ours has asked
        raise _refused_answer(context, number) from None
    wish = _wish(context, verb, arguments)
    check_role(context, verb, wish)
    try:
        with _failures_audited(context, wish, question=number):
            plan = Plan(())
            if verb.plan:
                plan = verb.ask(verb.plan, context, arguments)
            planned = _planned(wish, plan)
            execution = Execution(context, planned, source_id, in_commit, number)
            try:
                return execution.carry_out(verb, arguments, plan)
            except NotAgreedError as error:
                if error.agreement is Agreement.REFUSED:
                    raise
            return _ask(context, verb, arguments, plan, in_commit, answered=number)
    except NotAgreedError:
        raise _refused_answer(context, number) from None


def decline(
    context: Context, number: str, in_commit: Callable[[Connection], None]
) -> None:
    """Leave what somebody was asked to confirm.

    Args:
        context: Who answers, where.
        number: Of the question.
        in_commit: Is called in the transaction.

    Raises:
        RefusedError: Nothing waits for this answer.
        ShardlineError: The ETL database cannot be used.
    """
    with etl_db_errors(UNUSABLE), context.engine.begin() as connection:
        is_asked = confirmations.decline(
            connection, number, context.caller, context.place
        )
        if is_asked:
            in_commit(connection)
    if not is_asked:
        raise _refused_answer(context, number)


def _wish(context: Context, verb: AnyVerb, arguments: Arguments) -> Wish:
    words = verb.words(arguments)[len(verb.name.split()) :]
    return Wish(context.caller, context.place, verb.name, shlex.join(words))


def _planned(wish: Wish, plan: Plan | None) -> Wish:
    if plan is None:
        return wish
    said = plan.lines[-1] if plan.lines else ""
    return replace(wish, plan=said, plan_digest=plan.digest)


def check_role(context: Context, verb: AnyVerb, wish: Wish) -> None:
    """Let pass who may wish a verb; the audit has who may not.

    Raises:
        RefusedError: They may not.
    """
    caller = context.caller
    if not caller.may(verb.capability):
        who = caller.role.one if caller.role else "somebody unknown"
        raise refused(context.engine, wish, f"{who} may not {verb.name}")


def _refused_answer(context: Context, number: str) -> RefusedError:
    why = "nothing waits for this answer: it is too late, or somebody else was asked"
    wish = Wish(context.caller, context.place, "agree", number)
    return refused(context.engine, wish, why, "wish for it anew")


def _ask(
    context: Context,
    verb: AnyVerb,
    arguments: Arguments,
    plan: Plan,
    in_commit: InCommit,
    answered: str | None = None,
) -> Question:
    """Ask whether a plan is to be carried out, anew if another was answered.

    Raises:
        NotAgreedError: The other question has had its answer meanwhile.
    """
    what = Asked(verb.name, arguments.model_dump_json())
    caller, place, digest = context.caller, context.place, plan.digest
    with etl_db_errors(UNUSABLE), context.engine.begin() as connection:
        if answered is not None:
            before = confirm(connection, answered, caller, place, digest, late=PLANNING)
            if before is Agreement.REFUSED:
                raise NotAgreedError(before)
        number = ask(connection, caller, place, what, digest)
        is_anew = answered is not None
        question = Question(number, verb, arguments, plan, is_anew=is_anew)
        in_commit(connection, question)
    return question


@contextmanager
def _failures_audited(
    context: Context, wish: Wish, question: str | None = None
) -> Iterator[None]:
    """Write down of what was not done that it was wished, and why it was not.

    Args:
        context: Who wishes it, where.
        wish: What.
        question: Whose answer is carried out. What fails for want of it, since the
            same answer came twice, is a refusal.
    """
    try:
        yield
    except UndoneError:
        raise
    except RefusedError as error:
        raise refused(context.engine, wish, error.cause, error.step) from error
    except ShardlineError as error:
        if question is not None and _is_answered(context, question):
            raise _refused_answer(context, question) from error
        _record_failure(context, wish, str(error), error)
        raise
    except Exception as error:  # a defect
        _record_failure(context, wish, type(error).__name__)
        raise


def _is_answered(context: Context, question: str) -> bool:
    return asked(context.engine, question, context.caller, context.place) is None


def _record_failure(
    context: Context, wish: Wish, why: str, error: ShardlineError | None = None
) -> None:
    with etl_db_errors(UNUSABLE), context.engine.begin() as connection:
        number = record_wish(connection, wish)
        record_end(connection, number, Ending.FAILED, why)
        if error:
            context.on_failure(connection, error)
