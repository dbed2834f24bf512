"""What a verb is: its name, who may wish it, what it takes, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from pipelines.config import Settings
from pipelines.errors import PermanentError, ShardlineError
from pipelines.jobs import JobQueue, Priority
from pipelines.operations.access.callers import Caller
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments
from pipelines.operations.audit.records import digest_of
from pipelines.operations.words import shell_words, usage_of

A = TypeVar("A", bound=Arguments)
T = TypeVar("T")


class RefusedError(PermanentError):
    """Somebody may not do what they wish; the audit has it."""


class Slow(Protocol):
    """Finds out what takes a while, where that keeps nobody else waiting."""

    def __call__(
        self, question: Callable[[Context, A], T], context: Context, arguments: A
    ) -> T:
        """What a question says.

        Args:
            question: One of a module's own; it may be asked in another process.
            context: Who asks it, where.
            arguments: About what.

        Raises:
            ShardlineError: The question raised it, or could not be asked.
        """


def here(question: Callable[[Context, A], T], context: Context, arguments: A) -> T:
    """What a question says, asked where nobody else waits."""
    return question(context, arguments)


OnFailure = Callable[[Connection, ShardlineError], None]


@dataclass(frozen=True)
class Context:
    """What a verb is wished with.

    What a verb does not need is not opened or read for it.

    Attributes:
        caller: Who wishes it.
        place: From where: a terminal, a chat, a page.
        database: Opens the ETL database; asked again it gives the same.
        settings: Reads all options; likewise.
        jobs: Makes the queue where long operations wait.
        slow: Finds out what takes a while.
        on_failure: Is called in the transaction by which a failure is on record.
    """

    caller: Caller
    place: str
    database: Callable[[], Engine]
    settings: Callable[[], Settings]
    jobs: Callable[[Engine], JobQueue]
    slow: Slow = here
    on_failure: OnFailure = lambda *_: None

    @property
    def engine(self) -> Engine:
        """The ETL database.

        Raises:
            ShardlineError: It cannot be used.
        """
        return self.database()

    @property
    def queue(self) -> JobQueue:
        """Where long operations wait.

        Raises:
            ShardlineError: The ETL database cannot be used.
        """
        return self.jobs(self.engine)


@dataclass(frozen=True)
class Plan:
    """What a verb would do.

    Attributes:
        lines: For people; the last one says the most.
        parts: What it comes to, part by part, without what is estimated: while this is
            the same, the plan is. The lines if there are none.
    """

    lines: tuple[str, ...]
    parts: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What the plan is told by."""
        return digest_of("\n".join(self.parts or self.lines))


@dataclass(frozen=True)
class File:
    """A picture, or a file of another kind.

    Attributes:
        name: Such as `city_orders-2019-03-14.png`.
        content_type: Such as `image/png`.
        content: Its octets.
    """

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Section:
    """A part of an answer that is folded where that can be done: a heading, a table.

    Attributes:
        summary: What is read while it is folded.
        heads: The heads of its table.
        rows: The rows.
    """

    summary: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Answer:
    """What comes of a verb that is done at once.

    Attributes:
        lines: What is told, line by line.
        texts: What was written by others, below its heading, to be shown as it is.
        heads: The heads of a table below that, if there is one.
        rows: Its rows.
        sections: What is behind it, below that.
        files: What goes with it.
        data: The same for programs, as JSON has it.
        is_private: Whether nobody else may read it.
        warnings: What somebody should see to, besides what was asked.
        job: The number of a job that goes on by this, if one does.
    """

    lines: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    texts: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    files: tuple[File, ...] = ()
    data: Any = None
    is_private: bool = False
    warnings: tuple[str, ...] = ()
    job: int | None = None


@dataclass(frozen=True)
class Verb(Generic[A]):
    """Something that people do with the pipeline.

    Attributes:
        name: Such as `jobs cancel`, which is the shell's command, too.
        summary: What it does, as a sentence that bids it.
        capability: What one must be allowed to.
        arguments: What it takes.
        example: Words that could stand behind the name.
        aliases: What it is called besides.
        asks: Whether some arguments need to be confirmed, since they destroy or cost.
        plan: What it would do; of a verb that asks.
        is_slow: Whether to tell or to plan takes more than a look at a few rows: the
            warehouse is asked, or something is computed or drawn.
    """

    name: str
    summary: str
    capability: Capability
    arguments: type[A]
    example: str = ""
    aliases: tuple[str, ...] = ()
    asks: Callable[[A], bool] = lambda _: False
    plan: Callable[[Context, A], Plan] | None = None
    is_slow: bool = False

    @property
    def usage(self) -> str:
        """How it is written."""
        return f"{self.name} {usage_of(self.arguments)}".strip()

    def ask(
        self, question: Callable[[Context, A], T], context: Context, arguments: A
    ) -> T:
        """What a question of the verb's says: its plan's, or its look's.

        Raises:
            ShardlineError: The question raised it, or could not be asked.
        """
        ask = context.slow if self.is_slow else here
        return ask(question, context, arguments)

    def words(self, arguments: A, options: Sequence[str] = ()) -> list[str]:
        """The words of the shell's command that does the same.

        Args:
            arguments: To what.
            options: What else the command is told.
        """
        return [*self.name.split(), *options, *shell_words(arguments)]


@dataclass(frozen=True, kw_only=True)
class Look(Verb[A]):
    """A verb that changes nothing."""

    run: Callable[[Context, A], Answer]


@dataclass(frozen=True, kw_only=True)
class Change(Verb[A]):
    """A verb that changes rows of the ETL database, in one commit with the audit."""

    run: Callable[[Connection, Context, A], Answer]


@dataclass(frozen=True)
class Work:
    """What a job needs besides its words.

    Attributes:
        servers: The names of the servers that it keeps busy.
        priority: Whose turn is first.
        options: What its command is told besides the arguments.
        instead: The verb and the arguments that the job is of; those that were wished
            if it is None.
    """

    servers: tuple[str, ...]
    priority: Priority = Priority.INTERACTIVE
    options: tuple[str, ...] = ()
    instead: tuple[Long[Any], Arguments] | None = None


@dataclass(frozen=True, kw_only=True)
class Long(Verb[A]):
    """A verb that takes its time: a job, which runs the shell's command.

    Attributes:
        work: What the job needs besides its words.
        destroys: Whether it asks in a shell, too.
    """

    plan: Callable[[Context, A], Plan]
    work: Callable[[Context, A, Plan], Work]
    destroys: bool = False
    asks: Callable[[A], bool] = lambda _: True
    is_slow: bool = True


AnyVerb = Look[Any] | Change[Any] | Long[Any]
