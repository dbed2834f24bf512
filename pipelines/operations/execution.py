"""What was allowed and agreed to is carried out, in one commit with the audit."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from pipelines import jobs
from pipelines.etl_db import etl_db_errors
from pipelines.operations.arguments import Arguments
from pipelines.operations.audit.records import (
    UNUSABLE,
    Ending,
    Wish,
    digest_of,
    record_end,
    record_wish,
)
from pipelines.operations.confirmations import Agreement, confirm
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

PLANNING = timedelta(minutes=10)
"""How long a plan may take to be made anew, of an answer that came in time."""


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
"""What is written in the commit of a wish and its audit, such as that it was made."""


class UndoneError(Exception):
    """Whoever asks has no say any more: nothing is done, and nothing is written of it.

    What `InCommit` raises if a wish is another process's meanwhile.
    """


class NotAgreedError(UndoneError):
    """An answer does not count for what was to be done."""

    def __init__(self, agreement: Agreement) -> None:
        """Keep what the answer comes to."""
        super().__init__(agreement.value)
        self.agreement = agreement


@dataclass(frozen=True)
class Execution:
    """Carries out one wish, or leaves nothing of it.

    Attributes:
        context: Who wishes it, where.
        wish: What the audit is to have.
        source_id: What the wish is called where it comes from, if it may come again.
        in_commit: Is called in the transaction.
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
        """Do it, or make it a job.

        Raises:
            NotAgreedError: The answer to the question does not count.
            ShardlineError: It could not be done.
        """
        if isinstance(verb, Look):
            return self._look(verb, arguments)
        if isinstance(verb, Change):
            return self._change(verb, arguments)
        return self._accept(verb, arguments, plan or Plan(()))

    def _look(self, verb: Look[Any], arguments: Arguments) -> Answer:
        answer = verb.ask(verb.run, self.context, arguments)
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
                told = f"job {job.number} is for the same; see how that ends"
                record_end(connection, number, Ending.DONE, told)
            self.in_commit(connection, accepted)
        return accepted

    def _job(self, verb: Long[Any], arguments: Arguments, plan: Plan) -> jobs.Wish:
        work = verb.work(self.context, arguments, plan)
        verb, arguments = work.instead or (verb, arguments)
        words = verb.words(arguments, work.options)
        return jobs.Wish(
            verb=verb.name,
            words=tuple(words),
            key=_key(words),
            asker=self.context.caller.who,
            origin=self.context.place.split(":", 1)[0],
            arguments=arguments.model_dump(mode="json", exclude_defaults=True),
            servers=work.servers,
            source_id=self.source_id,
            priority=work.priority,
        )

    @contextmanager
    def _commit(self) -> Iterator[Connection]:
        with etl_db_errors(UNUSABLE), self.context.engine.begin() as connection:
            self._check_answer(connection)
            yield connection

    def _check_answer(self, connection: Connection) -> None:
        if self.question is None:
            return
        agreement = confirm(
            *(connection, self.question, self.context.caller, self.context.place),
            self.wish.plan_digest,
            late=PLANNING,
        )
        if agreement is not Agreement.CONFIRMED:
            raise NotAgreedError(agreement)


def _key(words: Sequence[str]) -> str:
    said = shlex.join(words)
    return said if len(said) <= LONGEST_KEY else f"{words[0]} {digest_of(said)}"
