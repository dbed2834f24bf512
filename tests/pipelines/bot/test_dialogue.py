"""What people write to the bot, and what it answers, each by their role."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine

from pipelines.bot import Dialogue, Message, Press, Reply
from pipelines.config import current_settings
from pipelines.jobs import JobState, Wish
from pipelines.operations import (
    AuditFilter,
    Role,
    audited_queue,
    list_audit,
    list_people,
)
from tests.kit.operations import invited, somebody, telegram

CHAT = "telegram:-1001"
ADMIN, VIEWER, STRANGER = 1, 3, 99


@pytest.fixture
def dialogue(engine: Engine) -> Dialogue:
    somebody(engine, "Anna", ADMIN, Role.ADMIN)
    somebody(engine, "Vera", VIEWER, Role.VIEWER)
    return Dialogue(engine, current_settings)


def write(dialogue: Dialogue, text: str, number: int = ADMIN) -> Reply:
    return dialogue.reply_to(Message(telegram(number), CHAT, text))


def press(dialogue: Dialogue, data: str, number: int = ADMIN) -> Reply:
    return dialogue.reply_to(Press(telegram(number), CHAT, data))


def active(engine: Engine) -> set[str]:
    return {person.name for person in list_people(engine) if not person.revoked}


@pytest.mark.parametrize(
    "text", ["/people list", "people list", "/people_list@shardline_bot", "PEOPLE"]
)
def test_a_verb_may_be_written_as_a_command_of_telegrams(
    dialogue: Dialogue, text: str
) -> None:
    reply = write(dialogue, text)
    assert [row[0] for row in reply.rows] == ["Anna", "Vera"]


def test_a_question_has_buttons_and_only_who_asked_may_press_them(
    dialogue: Dialogue, engine: Engine
) -> None:
    reply = write(dialogue, "people revoke Vera")
    agree, leave = reply.buttons
    assert "Vera, viewer, would lose telegram:3" in reply.lines
    assert max(len(one.data.encode()) for one in reply.buttons) <= 64
    for data in (agree.data, leave.data):
        refused = press(dialogue, data, VIEWER)
        assert "nothing waits for this answer" in refused.lines[0]
        assert not refused.replaces  # the question is there still
    assert "Vera" in active(engine)
    done = press(dialogue, agree.data)
    assert done.lines == ("Vera may do nothing from now on",)
    assert done.replaces
    assert "Vera" not in active(engine)


def test_what_somebody_has_left_cannot_be_agreed_to_any_more(
    dialogue: Dialogue, engine: Engine
) -> None:
    agree, leave = write(dialogue, "people revoke Vera").buttons
    left = press(dialogue, leave.data)
    assert (left.lines, left.replaces) == (("Left as it is.",), True)
    assert "nothing waits" in press(dialogue, agree.data).lines[0]
    assert "Vera" in active(engine)


def test_help_shows_each_person_only_what_they_may_wish(dialogue: Dialogue) -> None:
    of_admin = {line.split(":")[0] for line in write(dialogue, "/help").lines}
    of_viewer = {line.split(":")[0] for line in write(dialogue, "/help", VIEWER).lines}
    assert of_admin - of_viewer >= {"/run", "/people_list", "/audit", "People"}
    assert of_viewer >= {"/status", "/why", "/report", "Look at things", "Do things"}


def test_who_may_not_is_told_so_whatever_they_write_behind_it(
    dialogue: Dialogue, engine: Engine
) -> None:
    for text in ("people revoke Anna", "people revoke", "people revoke a b c"):
        (line,) = write(dialogue, text, VIEWER).lines
        assert line.startswith("a viewer may not people revoke")
    found = list_audit(engine, AuditFilter(refused=True), 10)
    assert [(entry.who, entry.verb, entry.arguments) for entry in found] == [
        ("Vera", "people revoke", "")
    ] * 3


def test_a_stranger_is_refused_and_on_record(
    dialogue: Dialogue, engine: Engine
) -> None:
    (line,) = write(dialogue, "/jobs", STRANGER).lines
    assert line.startswith("I do not know you")
    (entry,) = list_audit(engine, AuditFilter(refused=True), 10)
    assert entry.identity == "telegram:99"


@pytest.mark.parametrize("text", ["/help", "help run", "hello", "/", "2"])
def test_a_stranger_is_told_how_to_become_known(
    dialogue: Dialogue, engine: Engine, text: str
) -> None:
    (line,) = write(dialogue, text, STRANGER).lines
    assert line.startswith("I do not know you. Ask an admin")
    assert list_audit(engine, AuditFilter(refused=True), 10) == []


def test_a_stranger_is_welcome_with_an_invitation_and_it_is_on_no_record(
    dialogue: Dialogue, engine: Engine
) -> None:
    code = invited(engine, "Gleb", Role.OPERATOR)
    assert "I do not know you" in write(dialogue, "/start", STRANGER).lines[0]
    (line,) = write(dialogue, f"/start {code}", STRANGER).lines
    assert line.startswith("Welcome, Gleb. You are operator now")
    assert write(dialogue, "/start", STRANGER).lines[0].startswith("Hello, Gleb.")
    assert code not in repr(Message(telegram(STRANGER), CHAT, f"/start {code}"))
    told = " ".join(str(entry) for entry in list_audit(engine, AuditFilter(), 10))
    assert code not in told


def test_what_tells_of_people_is_private(dialogue: Dialogue) -> None:
    for text in ("people invite Gleb viewer", "people list", "audit"):
        assert write(dialogue, text).is_private
    assert not write(dialogue, "jobs").is_private


def test_a_failure_is_on_record_by_the_commit_of_its_answer(
    dialogue: Dialogue, engine: Engine
) -> None:
    class KilledError(BaseException):
        pass

    def die(_connection: Connection, _reply: Reply) -> None:
        raise KilledError

    said = Message(telegram(ADMIN), CHAT, "jobs show 7")
    before = len(list_audit(engine, AuditFilter(), 100))
    with pytest.raises(KilledError):
        dialogue.reply_to(said, die)
    assert len(list_audit(engine, AuditFilter(), 100)) == before
    assert dialogue.reply_to(said).lines[0].startswith("there is no job 7")
    assert len(list_audit(engine, AuditFilter(), 100)) == before + 1


def test_a_button_is_a_wish_with_the_role_of_whoever_presses_it(
    dialogue: Dialogue, engine: Engine
) -> None:
    queue = audited_queue(engine)
    number = queue.enqueue(Wish("run", ("run",), "key", "anna", "test")).number
    (line,) = press(dialogue, f"wish:jobs cancel {number}", VIEWER).lines
    assert line.startswith("a viewer may not jobs cancel")
    press(dialogue, f"wish:jobs cancel {number}")
    assert queue.show(number).state is JobState.CANCELLED


def test_a_job_is_followed_by_whoever_wants_it_and_by_who_has_it_tried_again(
    dialogue: Dialogue, engine: Engine
) -> None:
    queue = audited_queue(engine)
    number = queue.enqueue(Wish("run", ("run",), "key", "anna", "test")).number
    assert write(dialogue, f"jobs cancel {number}").follows is None
    assert write(dialogue, f"jobs retry {number}").follows == number


@pytest.mark.parametrize(
    "data", ["", ":", "agree:", "agree:x", "wish:", "other:1", "\0"]
)
def test_a_button_that_is_none_does_nothing(dialogue: Dialogue, data: str) -> None:
    reply = press(dialogue, data)
    assert len(reply.lines) == 1
    assert not reply.buttons


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("frobnicate", "'frobnicate' is no verb; see `help`"),
        ("/staus", "'staus' is no verb; perhaps `status` is meant; see `help`"),
        ("incidents 1", "'1' has no meaning here; write: incidents list [all]"),
        ("jobs cancel 4711", "there is no job 4711"),
        ('people "revoke', "quotation mark"),
        ("/", "is no verb"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    dialogue: Dialogue, text: str, told: str
) -> None:
    (line,) = write(dialogue, text).lines
    assert told in line


def test_an_empty_answer_is_told_as_one(dialogue: Dialogue) -> None:
    assert write(dialogue, "jobs").lines == ("There is nothing to tell.",)


def test_a_role_counts_from_the_next_message_on(dialogue: Dialogue) -> None:
    write(dialogue, "people role Vera operator")
    (line,) = write(dialogue, "jobs cancel 1", VIEWER).lines
    assert line.startswith("there is no job 1")
