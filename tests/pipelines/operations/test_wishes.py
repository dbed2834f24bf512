"""What is wished is done with its rows of the audit, or not at all; once if agreed."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, func, select, update

from pipelines.alerts import Topic, list_subscriptions, subscribe
from pipelines.config import current_settings
from pipelines.errors import ConfigurationError, TransientError
from pipelines.etl_db import confirmations_table, etl_engine, jobs_table
from pipelines.jobs import JobFilter, JobState
from pipelines.operations import (
    JOBS_CANCEL,
    PEOPLE_INVITE,
    PEOPLE_REVOKE,
    Accepted,
    Answer,
    Arguments,
    AuditFilter,
    Capability,
    Context,
    Ending,
    Long,
    Outcome,
    Plan,
    Question,
    RefusedError,
    Role,
    Work,
    accept,
    agree,
    audited_queue,
    change_role,
    find_caller,
    list_audit,
    list_people,
    parse_words,
    perform,
    revoke,
    verb_named,
)
from tests.kit.operations import CHAT, invited, somebody, telegram

ADMIN, OPERATOR, VIEWER = 1, 2, 3

COUNTED = Long(
    name="count",
    summary="Count.",
    capability=Capability.OPERATE,
    arguments=Arguments,
    plan=lambda *_: Plan(("3 days of shards",)),
    work=lambda *_: Work(("mssql_0",)),
)
"""A verb that takes its time and needs no server."""


def context(engine: Engine, number: int, place: str = CHAT) -> Context:
    """Somebody who wishes something, as the bot would find them."""
    caller = find_caller(engine, telegram(number))
    return Context(caller, place, lambda: engine, current_settings, audited_queue)


@pytest.fixture(autouse=True)
def staff(engine: Engine) -> None:
    somebody(engine, "Anna", ADMIN, Role.ADMIN)
    somebody(engine, "Boris", OPERATOR, Role.OPERATOR)
    somebody(engine, "Vera", VIEWER, Role.VIEWER)


def asked(engine: Engine, name: str = "Vera", by: int = ADMIN) -> Question:
    wanted = parse_words(PEOPLE_REVOKE.arguments, [name])
    outcome = perform(context(engine, by), PEOPLE_REVOKE, wanted)
    assert isinstance(outcome, Question)
    return outcome


def told(engine: Engine, verb: str) -> list[tuple[str, bool, Ending | None]]:
    found = list_audit(engine, AuditFilter(verb=verb), 100)
    return [(entry.who, entry.allowed, entry.ending) for entry in found]


def active(engine: Engine) -> set[str]:
    return {person.name for person in list_people(engine) if not person.revoked}


def jobs_of(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(jobs_table)) or 0


def refuse(_connection: Connection, _outcome: Outcome) -> None:
    raise TransientError("the inbox is away")


def test_nothing_is_done_before_the_one_who_asked_agrees(engine: Engine) -> None:
    question = asked(engine)
    assert question.plan.lines == ("Vera, viewer, would lose telegram:3",)
    assert "Vera" in active(engine)
    assert told(engine, "people revoke") == []
    answer = agree(context(engine, ADMIN), question.number, verb_named)
    assert isinstance(answer, Answer)
    assert answer.lines == ("Vera may do nothing from now on",)
    assert "Vera" not in active(engine)
    assert told(engine, "people revoke") == [("Anna", True, Ending.DONE)]


def test_an_answer_counts_once(engine: Engine) -> None:
    question = asked(engine)
    agree(context(engine, ADMIN), question.number, verb_named)
    with pytest.raises(RefusedError, match="nothing waits for this answer"):
        agree(context(engine, ADMIN), question.number, verb_named)
    assert told(engine, "agree") == [("Anna", False, None)]


@pytest.mark.parametrize(
    ("number", "place"), [(OPERATOR, CHAT), (ADMIN, "chat:other"), (99, CHAT)]
)
def test_somebody_else_or_elsewhere_does_not_agree_nor_use_the_question_up(
    engine: Engine, number: int, place: str
) -> None:
    question = asked(engine)
    with pytest.raises(RefusedError):
        agree(context(engine, number, place), question.number, verb_named)
    assert "Vera" in active(engine)
    ((_, allowed, _),) = told(engine, "agree")
    assert not allowed
    agree(context(engine, ADMIN), question.number, verb_named)
    assert "Vera" not in active(engine)


def test_a_plan_that_has_changed_is_asked_about_anew(engine: Engine) -> None:
    question = asked(engine)
    accept(engine, invited(engine, "Vera", Role.VIEWER), telegram(33), CHAT)
    anew = agree(context(engine, ADMIN), question.number, verb_named)
    assert isinstance(anew, Question)
    assert anew.is_anew
    assert anew.plan.lines == ("Vera, viewer, would lose telegram:3, telegram:33",)
    assert "Vera" in active(engine)
    with pytest.raises(RefusedError):
        agree(context(engine, ADMIN), question.number, verb_named)
    agree(context(engine, ADMIN), anew.number, verb_named)
    assert "Vera" not in active(engine)


def test_who_has_lost_the_role_meanwhile_does_not_agree(engine: Engine) -> None:
    question = asked(engine)
    with engine.begin() as connection:
        change_role(connection, "Anna", Role.VIEWER)
    with pytest.raises(RefusedError, match="a viewer may not people revoke"):
        agree(context(engine, ADMIN), question.number, verb_named)
    assert "Vera" in active(engine)
    assert told(engine, "people revoke") == [("Anna", False, None)]


def test_who_was_revoked_is_somebody_unknown(engine: Engine) -> None:
    with engine.begin() as connection:
        revoke(connection, "Boris")
    with pytest.raises(RefusedError, match="somebody unknown may not count"):
        perform(context(engine, OPERATOR), COUNTED, Arguments(), agreed=True)
    assert told(engine, "count") == [("telegram:2", False, None)]
    assert jobs_of(engine) == 0


def test_a_long_wish_its_row_of_the_audit_and_what_asked_for_it_are_one_commit(
    engine: Engine,
) -> None:
    boris = context(engine, OPERATOR)
    with pytest.raises(TransientError, match="the inbox is away"):
        perform(boris, COUNTED, Arguments(), agreed=True, in_commit=refuse)
    assert jobs_of(engine) == 0
    ((who, allowed, ending),) = told(engine, "count")
    assert (who, allowed, ending) == ("Boris", True, Ending.FAILED)
    seen: list[Outcome] = []
    outcome = perform(
        boris,
        COUNTED,
        Arguments(),
        agreed=True,
        in_commit=lambda _, outcome: seen.append(outcome),
    )
    assert seen == [outcome]
    assert jobs_of(engine) == 1


def test_a_change_that_cannot_be_written_down_is_not_made(engine: Engine) -> None:
    wanted = parse_words(PEOPLE_INVITE.arguments, ["Gleb", "viewer"])
    with pytest.raises(TransientError):
        perform(context(engine, ADMIN), PEOPLE_INVITE, wanted, in_commit=refuse)
    assert "Gleb" not in active(engine)


def test_a_confirmation_that_could_not_be_carried_out_may_be_given_again(
    engine: Engine,
) -> None:
    question, anna = asked(engine), context(engine, ADMIN)
    with pytest.raises(TransientError):
        agree(anna, question.number, verb_named, in_commit=refuse)
    assert "Vera" in active(engine)
    agree(anna, question.number, verb_named)
    assert "Vera" not in active(engine)


def test_the_same_long_wish_of_two_people_is_one_job_and_two_rows(
    engine: Engine,
) -> None:
    first = perform(context(engine, OPERATOR), COUNTED, Arguments(), agreed=True)
    second = perform(context(engine, ADMIN), COUNTED, Arguments(), agreed=True)
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.job.number == second.job.number
    newest, oldest = list_audit(engine, AuditFilter(verb="count"), 10)
    assert (oldest.who, oldest.ending) == ("Boris", None)
    assert newest.detail.startswith(f"job {first.job.number} is for the same")


def test_the_end_of_a_job_is_the_end_of_its_wish(engine: Engine) -> None:
    boris = context(engine, OPERATOR)
    made = perform(boris, COUNTED, Arguments(), agreed=True)
    assert isinstance(made, Accepted)
    number = JOBS_CANCEL.arguments.model_validate({"number": made.job.number})
    perform(boris, JOBS_CANCEL, number)
    assert told(engine, "count") == [("Boris", True, Ending.INTERRUPTED)]
    assert told(engine, "jobs cancel") == [("Boris", True, Ending.DONE)]


def test_what_cannot_be_done_is_on_record_with_its_reason(engine: Engine) -> None:
    number = JOBS_CANCEL.arguments.model_validate({"number": 4711})
    with pytest.raises(ConfigurationError, match="there is no job 4711"):
        perform(context(engine, OPERATOR), JOBS_CANCEL, number)
    (entry,) = list_audit(engine, AuditFilter(verb="jobs cancel"), 10)
    assert entry.ending is Ending.FAILED
    assert "there is no job 4711" in entry.detail


def test_of_many_answers_at_once_one_counts(engine: Engine, etl_database: str) -> None:
    question = asked(engine)
    fork = multiprocessing.get_context("fork")
    together, answers = fork.Barrier(4), fork.SimpleQueue()

    def press() -> None:
        own = etl_engine(SecretStr(etl_database))
        anna = context(own, ADMIN)
        together.wait(60)
        try:
            agree(anna, question.number, verb_named)
        except RefusedError:
            answers.put("refused")
        else:
            answers.put("done")

    children = [fork.Process(target=press) for _ in range(4)]
    for child in children:
        child.start()
    came = sorted(answers.get() for _ in children)
    for child in children:
        child.join(60)
    assert came == ["done", "refused", "refused", "refused"]
    assert told(engine, "people revoke") == [("Anna", True, Ending.DONE)]


def test_a_job_tells_who_wished_it_from_where(engine: Engine) -> None:
    perform(context(engine, OPERATOR), COUNTED, Arguments(), agreed=True)
    (job,) = audited_queue(engine).list(JobFilter(), 10)
    assert (job.wish.asker, job.wish.origin) == ("Boris", "chat")
    assert (job.state, job.wish.servers) == (JobState.QUEUED, ("mssql_0",))


def test_a_longer_wish_than_a_key_has_room_for_is_still_itself(engine: Engine) -> None:
    boris, words = context(engine, OPERATOR), ("word",) * 200
    for last in ("one", "one", "other"):
        work = Work((), options=(*words, last))
        verb = replace(COUNTED, work=lambda *_, w=work: w)
        perform(boris, verb, Arguments(), agreed=True)
    assert jobs_of(engine) == 2


def test_nobody_fills_the_audit_by_being_refused(engine: Engine) -> None:
    for _ in range(110):
        with pytest.raises(RefusedError):
            perform(context(engine, 99), COUNTED, Arguments())
    assert len(list_audit(engine, AuditFilter(refused=True), 1000)) == 100


def test_a_wish_for_what_was_just_cancelled_is_a_new_job(engine: Engine) -> None:
    boris, queue = context(engine, OPERATOR), audited_queue(engine)
    first = perform(boris, COUNTED, Arguments(), agreed=True)
    assert isinstance(first, Accepted)
    claimed = queue.claim("worker", 30, {})
    assert claimed is not None
    queue.cancel(first.job.number, "Anna")
    second = perform(boris, COUNTED, Arguments(), agreed=True)
    assert isinstance(second, Accepted)
    assert second.is_new
    assert second.job.number != first.job.number


def test_what_a_job_is_told_besides_is_part_of_what_it_is(engine: Engine) -> None:
    boris = context(engine, OPERATOR)
    for plan in ("one", "one", "other"):
        verb = replace(COUNTED, work=lambda *_, p=plan: Work((), options=("--plan", p)))
        perform(boris, verb, Arguments(), agreed=True)
    assert jobs_of(engine) == 2


def test_who_was_revoked_is_told_nothing_more_in_their_own_chat(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        for place in ("telegram:3", "telegram:-1001"):
            subscribe(connection, place, Topic.INCIDENTS, "", "telegram:3")
        revoke(connection, "Vera")
    assert [one.place for one in list_subscriptions(engine)] == ["telegram:-1001"]


def test_a_defect_is_on_record_too(engine: Engine) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        perform(
            context(engine, OPERATOR),
            COUNTED,
            Arguments(),
            agreed=True,
            in_commit=breaks,
        )
    (entry,) = list_audit(engine, AuditFilter(verb="count"), 10)
    assert (entry.ending, entry.detail) == (Ending.FAILED, "KeyError")


def test_an_answer_that_came_in_time_counts_though_its_plan_takes_long(
    engine: Engine,
) -> None:
    question = asked(engine)

    def slow(*_: object) -> Plan:
        with engine.begin() as connection:
            until = connection.scalars(select(confirmations_table.c.expires)).one()
            gone = until - timedelta(minutes=3)
            connection.execute(update(confirmations_table).values(expires=gone))
        return question.plan

    verb = replace(PEOPLE_REVOKE, plan=slow)
    agree(context(engine, ADMIN), question.number, lambda _: verb)
    assert "Vera" not in active(engine)
