"""The dialogue with people: each message and each button is a wish of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection, Engine

from pipelines.alerts import WISH
from pipelines.bot import texts
from pipelines.bot.asking.choices import choices_of
from pipelines.bot.asking.conversations import (
    Conversation,
    end_conversation,
    find_conversation,
    find_question,
    keep_conversation,
    new_question,
)
from pipelines.bot.asking.questions import ANSWER, END, question_reply
from pipelines.bot.documents.receiving import Documents
from pipelines.bot.job_replies import accepted_reply
from pipelines.bot.messages import AGREE, LEAVE, Button, Message, Press, Reply
from pipelines.config import Settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_db_errors
from pipelines.operations import (
    HELP_VERB,
    VERBS,
    Accepted,
    Answer,
    AnyVerb,
    Arguments,
    Caller,
    Context,
    Identity,
    Outcome,
    Question,
    RefusedError,
    Slow,
    Unfinished,
    Wish,
    WrongWordsError,
    accept,
    add_answer,
    add_choice,
    agree,
    audited_queue,
    check_role,
    decline,
    find_caller,
    find_verb,
    here,
    parse_values,
    parse_words,
    perform,
    refused,
    split_words,
    verb_named,
)

InReplyCommit = Callable[[Connection, Reply], None]
"""What is written in the commit of what is done for somebody, such as the answer."""

UNUSABLE = "what was said cannot be answered"

START = "start"
"""What Telegram sends when somebody opens the bot, with the code of an invitation."""

CANCEL = "cancel"
"""What ends a conversation if it stands alone; it is a verb where there is none."""

COMMAND = "/"
"""What a command of Telegram's begins with."""


class Dialogue:
    """Answers what comes from a chat."""

    def __init__(
        self,
        engine: Engine,
        settings: Callable[[], Settings],
        find: Callable[[Engine, Identity], Caller] = find_caller,
        slow: Slow = here,
        documents: Documents | None = None,
    ) -> None:
        """Prepare to answer.

        Args:
            engine: The ETL database.
            settings: Reads all options.
            find: Tells who somebody is.
            slow: Finds out what takes a while.
            documents: Takes documents; without, none is taken.
        """
        self._engine, self._settings, self._find = engine, settings, find
        self._slow, self._documents = slow, documents

    def reply_to(
        self, said: Message | Press, in_commit: InReplyCommit = lambda *_: None
    ) -> Reply:
        """What is answered; never an error of ours.

        Args:
            said: What has come.
            in_commit: Is called once with the answer, in the transaction of what is
                done for it; where nothing is, in one of its own.

        Raises:
            UndoneError: `in_commit` has raised it, so nothing is done.
            ShardlineError: Not even that could be committed.
        """
        turn = _Turn(in_commit)
        try:
            if isinstance(said, Press):
                reply = self._pressed(said, turn)
            else:
                reply = self._written(said, turn)
        except ShardlineError as error:
            reply, turn.replaces = Reply((str(error),)), False
            turn.is_committed = error is turn.failure
        if not turn.is_committed:
            with etl_db_errors(UNUSABLE), self._engine.begin() as connection:
                turn.commit(connection, reply)
        return turn.shown(reply)

    def _written(self, said: Message, turn: _Turn) -> Reply:
        if said.document is not None:
            if self._documents is None:
                return Reply((texts.NO_DOCUMENTS,))
            return self._documents.receive(said, turn.commit)
        asked = find_conversation(self._engine, said.identity, said.place)
        if asked is None:
            if said.is_aside and not is_command(said.text):
                return Reply()  # What people say below a message is not for us.
            return self._wished(said, turn)
        if not is_command(said.text):
            return self._answered(said, asked, said.text, turn)
        turn.also(lambda connection: end_conversation(connection, asked))
        if split_words(_without_address(said.text)) == [CANCEL]:
            return Reply((texts.LEFT,))
        return self._wished(said, turn)

    def _wished(self, said: Message, turn: _Turn) -> Reply:
        words = split_words(_without_address(said.text))
        if words and words[0].lower() == START:
            return self._started(said, words[1:], turn)
        context = self._context(said, turn)
        is_stranger = context.caller.role is None
        try:
            verb, rest = find_verb(VERBS, words)
        except WrongWordsError:
            if is_stranger:
                return Reply((texts.HELLO_STRANGER,))
            raise
        if is_stranger and verb is HELP_VERB:
            return Reply((texts.HELLO_STRANGER,))
        # Of who may not, what they wrote behind it is not even read.
        try:
            check_role(context, verb, Wish(context.caller, said.place, verb.name))
        except RefusedError:
            if is_stranger:
                return Reply((texts.HELLO_STRANGER,))
            raise
        try:
            arguments = parse_words(verb.arguments, rest, verb.usage)
        except WrongWordsError as error:
            if error.unfinished is None:
                raise
            return self._asked(context, verb, error.unfinished, turn)
        return self._performed(said, context, verb, arguments, turn)

    def _performed(
        self,
        said: Message | Press,
        context: Context,
        verb: AnyVerb,
        arguments: Arguments,
        turn: _Turn,
    ) -> Reply:
        outcome = perform(
            *(context, verb, arguments),
            source_id=said.source_id,
            in_commit=turn.commit_outcome,
        )
        return reply_of(outcome)

    def _asked(
        self, context: Context, verb: AnyVerb, unfinished: Unfinished, turn: _Turn
    ) -> Reply:
        """Ask for an argument; the question waits from the commit of this on."""
        choices = choices_of(context, verb, unfinished.wanted)
        asked = Conversation(
            *(new_question(), str(context.caller.identity), context.place),
            *(verb.name, unfinished, tuple(choice.value for choice in choices)),
        )
        turn.also(lambda connection: keep_conversation(connection, asked))
        return question_reply(verb, asked, choices)

    def _answered(
        self, said: Message | Press, asked: Conversation, answer: str, turn: _Turn
    ) -> Reply:
        turn.also(lambda connection: end_conversation(connection, asked))
        if asked.is_over or not _is_known(asked):
            anew = Button(texts.ANEW, f"{WISH}:{asked.verb}")
            return Reply(
                (texts.ANSWER_TOO_LATE.format(verb=asked.verb),), buttons=(anew,)
            )
        context, verb = self._context(said, turn), verb_named(asked.verb)
        check_role(context, verb, Wish(context.caller, said.place, verb.name))
        add = add_choice if isinstance(said, Press) else add_answer
        try:
            values = add(verb.arguments, asked.unfinished, answer)
            arguments = parse_values(verb.arguments, values, verb.usage)
        except WrongWordsError as error:
            again = replace(asked.unfinished, fault=error.cause)
            return self._asked(context, verb, error.unfinished or again, turn)
        return self._performed(said, context, verb, arguments, turn)

    def _started(self, said: Message, words: list[str], turn: _Turn) -> Reply:
        if words:
            caller = accept(
                *(self._engine, words[0], said.identity, said.place),
                lambda connection, caller: turn.commit(connection, _welcome(caller)),
            )
            return _welcome(caller)
        caller = self._find(self._engine, said.identity)
        if caller.role is None:
            return Reply((texts.HELLO_STRANGER,))
        return Reply((texts.HELLO.format(name=caller.who, role=caller.role),))

    def _pressed(self, said: Press, turn: _Turn) -> Reply:
        kind, _, about = said.data.partition(":")
        if kind == WISH:
            wish = Message(said.identity, said.place, about, said.source_id)
            return self._wished(wish, turn)
        if kind == LEAVE:
            return self._left(said, about, turn)
        if kind in {ANSWER, END}:
            return self._chosen(said, kind, about, turn)
        if kind != AGREE:
            return Reply((texts.UNKNOWN_BUTTON,))
        turn.replaces = True
        outcome = agree(
            *(self._context(said, turn), about, verb_named),
            source_id=said.source_id,
            in_commit=turn.commit_outcome,
        )
        return reply_of(outcome)

    def _left(self, said: Press, number: str, turn: _Turn) -> Reply:
        """What was asked is not done."""
        left = Reply((texts.LEFT,))
        turn.replaces = True
        decline(
            *(self._context(said, turn), number),
            lambda connection: turn.commit(connection, left),
        )
        return left

    def _chosen(self, said: Press, kind: str, about: str, turn: _Turn) -> Reply:
        """A button of a question was pressed."""
        question, _, number = about.partition(":")
        asked = find_question(self._engine, question)
        if asked is None:
            return Reply((texts.UNKNOWN_BUTTON,))
        if not asked.is_of(said.identity, said.place):
            wish = Wish(self._context(said, turn).caller, said.place, kind, question)
            raise refused(self._engine, wish, texts.ASKED_ANOTHER, texts.WISH_YOURSELF)
        turn.replaces = True
        if kind == END:
            turn.also(lambda connection: end_conversation(connection, asked))
            return Reply((texts.LEFT,))
        chosen = {str(at): value for at, value in enumerate(asked.choices)}.get(number)
        if chosen is None:
            return Reply((texts.UNKNOWN_BUTTON,))
        return self._answered(said, asked, chosen, turn)

    def _context(self, said: Message | Press, turn: _Turn) -> Context:
        caller = self._find(self._engine, said.identity)
        return Context(
            caller,
            said.place,
            lambda: self._engine,
            self._settings,
            audited_queue,
            self._slow,
            turn.fail,
        )


class _Turn:
    """What becomes of one message or one press, until it is committed.

    Attributes:
        is_committed: Whether it is.
        replaces: Whether the answer takes the place of the message that was pressed.
        failure: What is on record, and answered, by the same commit.
    """

    def __init__(self, in_commit: InReplyCommit) -> None:
        self._in_commit = in_commit
        self._changes: list[Callable[[Connection], None]] = []
        self.is_committed = self.replaces = False
        self.failure: ShardlineError | None = None

    def also(self, change: Callable[[Connection], None]) -> None:
        """Have something be changed by the commit, whichever that will be."""
        self._changes.append(change)

    def commit(self, connection: Connection, reply: Reply) -> None:
        """Write the answer, and all that changes with it."""
        for change in self._changes:
            change(connection)
        self._in_commit(connection, self.shown(reply))
        self.is_committed = True

    def fail(self, connection: Connection, error: ShardlineError) -> None:
        """Write that something has failed as the answer."""
        self.replaces, self.failure = False, error
        self.commit(connection, Reply((str(error),)))

    def commit_outcome(self, connection: Connection, outcome: Outcome) -> None:
        """The same with what has come of a wish."""
        self.commit(connection, reply_of(outcome))

    def shown(self, reply: Reply) -> Reply:
        """The answer as it is sent: what is private, or a file, replaces nothing."""
        replaces = self.replaces and not (reply.is_private or reply.files)
        return replace(reply, replaces=reply.replaces or replaces)


def reply_of(outcome: Outcome) -> Reply:
    """What is answered when something has come of a wish."""
    if isinstance(outcome, Question):
        return _question(outcome)
    if isinstance(outcome, Accepted):
        return accepted_reply(outcome.job, is_new=outcome.is_new)
    return _answer(outcome)


def _answer(answer: Answer) -> Reply:
    lines = (*answer.lines, *answer.warnings)
    shown = (lines, answer.rows, answer.sections, answer.texts, answer.files)
    is_empty = not any(shown)
    return Reply(
        lines=(texts.NOTHING,) if is_empty else lines,
        heads=answer.heads if answer.rows else (),
        rows=tuple(answer.rows),
        sections=answer.sections,
        texts=answer.texts,
        files=answer.files,
        is_private=answer.is_private,
        follows=answer.job,
    )


def _question(question: Question) -> Reply:
    shall = texts.SHALL_I_ANEW if question.is_anew else texts.SHALL_I
    return Reply(
        lines=(*question.plan.lines, shall),
        buttons=(
            Button(texts.AGREE, f"{AGREE}:{question.number}"),
            Button(texts.LEAVE, f"{LEAVE}:{question.number}"),
        ),
    )


def command_of(text: str) -> str:
    """The first word of a text; of a command of Telegram's, the verb that it names."""
    command = "".join(text.split(maxsplit=1)[:1])
    if not is_command(command):
        return command
    return command[1:].partition("@")[0].replace("_", " ")


def _is_known(asked: Conversation) -> bool:
    """Whether this version of ours would have asked the same."""
    kinds = {verb.name: verb.arguments for verb in VERBS}
    fields = kinds[asked.verb].model_fields if asked.verb in kinds else {}
    return {asked.unfinished.wanted, *asked.unfinished.given} <= fields.keys()


def is_command(text: str) -> bool:
    """Whether a text is a command of Telegram's, rather than an answer."""
    return text.lstrip().startswith(COMMAND)


def _without_address(text: str) -> str:
    """The text without the slash before a command, and the bot's name behind it."""
    if not is_command(text):
        return text
    return " ".join([command_of(text), *text.split(maxsplit=1)[1:]])


def _welcome(caller: Caller) -> Reply:
    return Reply((texts.WELCOME.format(name=caller.who, role=caller.role),))
