"""Replies on their way to a chat, whatever becomes of the chat and the server."""

from __future__ import annotations

import asyncio
import logging
import struct
from dataclasses import replace

import pytest
from conftest import Courier, SharedClock

from pipelines.alerts import Limits, Notice, TelegramChannel
from pipelines.bot import Button, Reply, texts
from pipelines.bot.telegram.calls import SendLaterError
from pipelines.bot.telegram.outgoing import Outgoing, Sent
from pipelines.bot.telegram.targets import Target
from pipelines.operations import File, Section
from sandbox.telegram.chats import Message
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.rich import as_text

ANN, BOB, GROUP, SMALL_GROUP = 1001, 1002, -1001, -7
ANNS = Target(ANN, None, ANN)
HELLO = Reply(("Hello.",))
BUTTONS = (Button("Do it", "agree:1"), Button("Leave it", "leave:1"))
QUESTION = Reply(("Shall I?",), buttons=BUTTONS)
SECRET = Reply(("the code is 4711",), is_private=True)


def png(width: int, height: int) -> bytes:
    size = struct.pack(">II", width, height)
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size + bytes(32)


CHART = File("orders.png", "image/png", png(800, 600))
SHEET = File("orders.csv", "text/csv", b"id\r\n1\r\n")


def shown(telegram: TelegramControl, chat: int) -> list[str]:
    """What a chat shows, rich or not."""
    return [text_of(one) for one in telegram.messages(chat) if not one.deleted]


def text_of(message: Message) -> str:
    return as_text(message.rich) if message.rich else message.text


def ask_in(
    telegram: TelegramControl, chat: int, user: int = ANN, topic: int = 0
) -> Target:
    """Let somebody ask in a chat, and return where the answer goes."""
    said = telegram.say(chat, user, "/status", thread=topic)
    return Target(chat, topic or None, user, said.message)


# What a reply is in a chat


def test_a_text_comes_first_and_then_its_files(
    courier: Courier, telegram: TelegramControl
) -> None:
    reply = Reply(("See there.",), files=(CHART, SHEET), buttons=BUTTONS)
    (sent,) = courier.send(ANNS, reply)
    text, chart, sheet = telegram.messages(ANN)
    assert sent == Sent(ANN, (text.id, chart.id, sheet.id))
    assert text_of(text) == "See there."
    assert [one.data for row in text.keyboard for one in row] == ["agree:1", "leave:1"]
    assert chart.file
    assert (chart.file.kind, chart.text) == ("photo", "orders.png")
    assert telegram.content(chart.file.id) == CHART.content
    assert sheet.file
    assert (sheet.file.kind, sheet.file.name) == ("document", "orders.csv")


def test_a_file_alone_needs_no_text(
    courier: Courier, telegram: TelegramControl
) -> None:
    courier.send(ANNS, Reply(files=(SHEET,)))
    (sheet,) = telegram.messages(ANN)
    assert sheet.file


def test_buttons_without_a_text_have_one_all_the_same(
    courier: Courier, telegram: TelegramControl
) -> None:
    courier.send(ANNS, Reply(("  ",), buttons=BUTTONS), Reply())
    assert shown(telegram, ANN) == [texts.NOTHING, texts.NOTHING]


def test_a_picture_that_telegram_does_not_take_as_one_is_a_file(
    courier: Courier, telegram: TelegramControl
) -> None:
    strange = replace(CHART, content=png(30_000, 10))
    large = replace(CHART, content=png(800, 600) + bytes(10_000_000))
    courier.send(ANNS, Reply(("x",), files=(strange, large)))
    kinds = [one.file.kind for one in telegram.messages(ANN) if one.file]
    assert kinds == ["document", "document"]


def test_a_file_that_telegram_does_not_take_is_told_of(
    courier: Courier, telegram: TelegramControl
) -> None:
    files = (
        File("huge.csv", "text/csv", bytes(50_000_001)),
        File("empty.csv", "text/csv", b""),
        File("../a\x1b/b.csv", "text/csv", b"1"),
    )
    courier.send(ANNS, Reply(("x",), files=files))
    text, file = telegram.messages(ANN)
    assert "huge.csv has 51 MB and is not sent" in text_of(text)
    assert "empty.csv is empty" in text_of(text)
    assert file.file
    assert file.file.name == ".._a\\x1b_b.csv".replace("\\", "_")


def test_a_button_that_telegram_refuses_does_not_cost_the_others(
    courier: Courier, telegram: TelegramControl
) -> None:
    buttons = (Button("x", "d" * 65), Button(" ", "d"), Button("y", ""), *BUTTONS)
    courier.send(ANNS, Reply(("x",), buttons=buttons))
    (text,) = telegram.messages(ANN)
    assert [one.text for row in text.keyboard for one in row] == ["Do it", "Leave it"]


@pytest.mark.parametrize(
    ("label", "in_row"), [("Do it", 3), ("Until tomorrow", 2), ("Run it again " * 3, 1)]
)
def test_buttons_stand_in_rows_that_a_telephone_has_room_for(
    courier: Courier, telegram: TelegramControl, label: str, in_row: int
) -> None:
    buttons = tuple(Button(label, f"wish:{n}") for n in range(6))
    courier.send(ANNS, Reply(("x",), buttons=buttons))
    (text,) = telegram.messages(ANN)
    assert [len(row) for row in text.keyboard] == [in_row] * (6 // in_row)


def test_what_is_secret_or_hidden_is_not_shown(
    courier: Courier, telegram: TelegramControl
) -> None:
    token = courier.address.token.get_secret_value()
    evil = f"a\x1b[2J \u202e {token} https://me:pass@host/ \ud800"
    reply = Reply(
        *((evil,), (evil,), ((evil,),)),
        sections=(Section(evil, (evil,), ((evil,),)),),
        texts=((evil, evil),),
        buttons=(Button(evil, "x"),),
    )
    courier.send(ANNS, reply)
    telegram.set_rich(rich=False)
    courier.send(ANNS, reply)
    for message in telegram.messages(ANN):
        told = text_of(message) + message.keyboard[0][0].text
        assert token not in told
        assert "me:pass" not in told
        assert "\x1b" not in told
        assert "\u202e" not in told


# Where it goes


def test_in_a_group_it_answers_the_message_in_its_topic(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.add_topic(GROUP, 5)
    target = ask_in(telegram, GROUP, topic=5)
    courier.send(target, Reply(("x",), files=(SHEET,)))
    _, text, file = telegram.messages(GROUP)
    assert (text.reply_to, text.thread) == (target.message, 5)
    assert (file.reply_to, file.thread) == (0, 5)


def test_the_general_topic_is_addressed_as_if_there_were_none(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.add_topic(GROUP, 5)
    courier.send(replace(ask_in(telegram, GROUP), topic=1), HELLO)
    assert telegram.messages(GROUP)[-1].thread == 0


def test_a_message_that_is_gone_is_answered_all_the_same(
    courier: Courier, telegram: TelegramControl
) -> None:
    courier.send(Target(GROUP, None, ANN, 999), HELLO)
    assert shown(telegram, GROUP) == ["Hello."]


def test_with_a_person_it_replies_to_nothing(
    courier: Courier, telegram: TelegramControl
) -> None:
    courier.send(ask_in(telegram, ANN), HELLO)
    assert telegram.messages(ANN)[-1].reply_to == 0


@pytest.mark.parametrize("rich", [True, False])
def test_what_is_private_goes_to_the_asker_and_the_group_is_told_that(
    courier: Courier, telegram: TelegramControl, *, rich: bool
) -> None:
    telegram.set_rich(rich=rich)
    (sent,) = courier.send(ask_in(telegram, GROUP), SECRET)
    (answer,) = telegram.messages(ANN)
    assert sent == Sent(ANN, (answer.id,))
    assert text_of(answer) == "the code is 4711"
    assert shown(telegram, GROUP)[1:] == [texts.SENT_PRIVATELY]


@pytest.mark.parametrize("blocks", [True, False])
def test_a_person_who_has_no_chat_with_the_bot_is_told_to_open_one(
    courier: Courier, telegram: TelegramControl, *, blocks: bool
) -> None:
    if blocks:
        telegram.say(BOB, BOB, "hi")
        telegram.block(BOB)
    (sent,) = courier.send(ask_in(telegram, GROUP, BOB), SECRET)
    assert sent == Sent(GROUP, ())
    assert shown(telegram, GROUP)[1:] == [texts.OPEN_ME_FIRST]


def test_what_is_private_in_the_own_chat_is_an_answer_like_others(
    courier: Courier, telegram: TelegramControl
) -> None:
    courier.send(ANNS, SECRET)
    assert shown(telegram, ANN) == ["the code is 4711"]


def test_a_private_answer_is_not_repeated_because_the_group_was_busy(
    courier: Courier, telegram: TelegramControl
) -> None:
    target = ask_in(telegram, GROUP)
    courier.limits.hold(str(GROUP), 60)

    async def twice(outgoing: Outgoing) -> Sent:
        with pytest.raises(SendLaterError):
            await outgoing.send(SECRET, target)
        courier.clock.pass_by(60)
        return await outgoing.send(SECRET, target)

    sent = courier.use(twice)
    assert sent == Sent(ANN, tuple(one.id for one in telegram.messages(ANN)))
    assert len(shown(telegram, ANN)) == 1
    assert shown(telegram, GROUP)[1:] == [texts.SENT_PRIVATELY]


# What takes the place of a message


@pytest.mark.parametrize("rich", [True, False])
def test_a_reply_takes_the_place_of_the_pressed_message(
    courier: Courier, telegram: TelegramControl, *, rich: bool
) -> None:
    telegram.set_rich(rich=rich)
    ((_, (asked,)),) = [(s.chat, s.messages) for s in courier.send(ANNS, QUESTION)]
    done = Reply(("Done.",), files=(SHEET,), replaces=True)
    pressed = replace(ANNS, pressed=asked)
    (sent,) = courier.send(pressed, done)
    text, file = telegram.messages(ANN)
    assert sent == Sent(ANN, (asked, file.id))
    assert (text_of(text), text.edits, text.keyboard) == ("Done.", 1, ())
    (again,) = courier.send(pressed, replace(done, files=()))
    assert again == Sent(ANN, (asked,)), "what is shown already is fine"


@pytest.mark.parametrize("rich", [True, False])
@pytest.mark.parametrize(
    "description", ["message can't be edited", "MESSAGE_ID_INVALID"]
)
def test_a_message_that_cannot_be_edited_any_more_is_sent_anew(
    courier: Courier, telegram: TelegramControl, description: str, *, rich: bool
) -> None:
    telegram.set_rich(rich=rich)
    (sent,) = courier.send(ANNS, QUESTION)
    times = 1 if rich else 2
    telegram.fail(
        400, f"Bad Request: {description}", method="editMessageText", times=times
    )
    done = Reply(("Done.",), replaces=True)
    courier.send(replace(ANNS, pressed=sent.messages[0]), done)
    assert shown(telegram, ANN) == ["Shall I?", "Done."]
    assert bool(telegram.messages(ANN)[-1].rich) is rich


def test_a_message_that_is_a_file_or_unknown_is_not_edited(
    courier: Courier, telegram: TelegramControl
) -> None:
    (sent,) = courier.send(ANNS, Reply(files=(SHEET,)))
    done = Reply(("Done.",), replaces=True)
    courier.send(replace(ANNS, pressed=sent.messages[0]), done)
    courier.send(replace(ANNS, pressed=999), done)
    courier.send(ANNS, done)
    assert shown(telegram, ANN)[1:] == ["Done."] * 3
    assert all(one.rich for one in telegram.messages(ANN)[1:])


# Rich messages, and servers without them


def test_a_server_without_rich_messages_is_asked_for_one_once(
    courier: Courier, telegram: TelegramControl, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.set_rich(rich=False)
    courier.send(ANNS, *[replace(HELLO, lines=(f"Hello {n} <b>",)) for n in range(3)])
    assert shown(telegram, ANN) == [f"Hello {n} <b>" for n in range(3)]
    assert set(telegram.answers()) == {("sendMessage", 200)}
    telegram.set_rich(rich=True)
    assert not caplog.records


def test_a_server_that_does_not_know_them_in_edits_either_is_not_asked_again(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.set_rich(rich=False)
    (sent,) = courier.send(ANNS, QUESTION)
    target = replace(ANNS, pressed=sent.messages[0])
    replies = [Reply((f"{n} %",), replaces=True) for n in range(3)]
    courier.send(target, *replies)
    assert shown(telegram, ANN) == ["2 %"]
    assert telegram.answers()["editMessageText", 400] == 1


def test_one_rich_message_that_is_refused_does_not_end_all(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.fail(400, "Bad Request: TABLE_INVALID", method="sendRichMessage")
    courier.send(ANNS, HELLO, replace(HELLO, lines=("Hello again.",)))
    first, second = telegram.messages(ANN)
    assert (first.text, first.rich) == ("Hello.", None)
    assert second.rich


def test_a_refusal_that_the_other_form_does_not_get_around_ends_nothing(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.fail(404, "Not Found", times=2)
    with pytest.raises(SendLaterError):
        courier.send(ANNS, HELLO)

    async def later(outgoing: Outgoing) -> None:
        telegram.fail(404, "Not Found", times=2)
        with pytest.raises(SendLaterError):
            await outgoing.send(HELLO, ANNS)
        courier.clock.pass_by(5)
        await outgoing.send(replace(HELLO, lines=("Hello again.",)), ANNS)

    courier.use(later)
    (message,) = telegram.messages(ANN)
    assert message.rich


def test_markup_that_is_refused_is_sent_once_more_as_plain_text(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.set_rich(rich=False)
    telegram.fail(400, "Bad Request: can't parse entities: x", method="sendMessage")
    courier.send(ANNS, Reply(("`run` & <that>",)))
    (message,) = telegram.messages(ANN)
    assert (message.text, message.entities) == ("`run` & <that>".replace("`", ""), ())


def test_a_message_that_is_refused_in_every_form_is_told_in_the_log_once(
    courier: Courier, telegram: TelegramControl, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.fail(400, "Bad Request: no", times=6, method="send*")
    sent = courier.send(ANNS, HELLO, SECRET)
    assert sent == [Sent(ANN, ())] * 2
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "telegram chat 1001: a message is refused: No"


def test_a_file_that_is_refused_does_not_cost_what_follows(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.fail(413, "Request Entity Too Large", method="sendDocument")
    courier.send(ANNS, Reply(("x",), files=(SHEET, replace(SHEET, name="b.csv"))))
    assert [one.file.name for one in telegram.messages(ANN) if one.file] == ["b.csv"]


# Floods, moves, closed chats, servers that are away


def test_no_limit_is_exceeded_however_much_is_sent(
    courier: Courier, telegram: TelegramControl
) -> None:
    async def many(outgoing: Outgoing) -> None:
        for number in range(50):
            reply = Reply((f"{number}",))
            for target in (ANNS, Target(GROUP, None, ANN)):
                try:
                    await outgoing.send(reply, target)
                except SendLaterError as later:
                    courier.clock.pass_by(later.seconds)
                    await outgoing.send(reply, target)

    courier.use(many)
    assert {code for _, code in telegram.answers()} == {200}
    for chat in (ANN, GROUP):
        assert shown(telegram, chat) == [str(number) for number in range(50)]


def test_alerts_and_answers_keep_the_limits_together(
    courier: Courier, telegram: TelegramControl, clock: SharedClock
) -> None:
    limits = Limits(clock, clock.pass_by)
    chats = replace(courier.address, chats=(str(GROUP), str(ANN)))
    alerts = TelegramChannel(chats, limits)

    def alert() -> None:
        receipt = None
        for number in range(30):
            notice = Notice(17, f"{number} shards failed", "", (), "")
            receipt = alerts.deliver(notice, receipt, clock() + 600)

    async def answer(outgoing: Outgoing, target: Target) -> None:
        for number in range(30):
            reply = Reply((f"{number}",))
            while True:
                try:
                    await outgoing.send(reply, target)
                except SendLaterError as later:
                    clock.pass_by(later.seconds)
                else:
                    break

    async def both(outgoing: Outgoing) -> None:
        group = Target(GROUP, None, ANN)
        await asyncio.gather(
            asyncio.to_thread(alert), answer(outgoing, ANNS), answer(outgoing, group)
        )

    courier.limits = limits
    courier.use(both)
    assert {code for _, code in telegram.answers()} == {200}
    for chat in (ANN, GROUP):
        answers = [one for one in shown(telegram, chat) if not one.startswith("🔴")]
        assert answers == [str(number) for number in range(30)]


def test_a_chat_that_is_flooded_is_left_alone_by_whoever_writes(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.fail(429, retry_after=30)
    with pytest.raises(SendLaterError) as later:
        courier.send(ANNS, HELLO)
    assert later.value.seconds == pytest.approx(30.1)
    assert courier.limits.take(str(ANN)) == pytest.approx(30.1, abs=5)
    with pytest.raises(SendLaterError):
        courier.send(ANNS, HELLO)
    assert telegram.answers().total() == 1
    courier.send(Target(GROUP, None, ANN), HELLO)
    courier.clock.pass_by(31)
    courier.send(ANNS, HELLO)
    assert shown(telegram, ANN) == ["Hello."]


def test_a_reply_goes_on_where_it_was_left(
    courier: Courier, telegram: TelegramControl
) -> None:
    files = tuple(replace(SHEET, name=f"{n}.csv") for n in range(3))
    reply = Reply(("x",), files=files)

    async def twice(outgoing: Outgoing) -> Sent:
        telegram.fail(429, retry_after=9, method="sendDocument")
        with pytest.raises(SendLaterError):
            await outgoing.send(reply, ANNS)
        courier.clock.pass_by(10)
        telegram.fail(502, method="sendDocument")
        with pytest.raises(SendLaterError):
            await outgoing.send(reply, ANNS)
        return await outgoing.send(reply, ANNS)

    sent = courier.use(twice)
    messages = telegram.messages(ANN)
    assert [one.file.name for one in messages if one.file] == [
        "0.csv",
        "1.csv",
        "2.csv",
    ]
    assert sent == Sent(ANN, tuple(one.id for one in messages))
    courier.send(ANNS, reply)
    assert len(telegram.messages(ANN)) == 8, "what is sent again later is all of it"


def test_an_answer_that_was_lost_leads_to_a_copy(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.lose_answers(method="sendRichMessage")
    with pytest.raises(SendLaterError):
        courier.send(ANNS, HELLO)
    courier.send(ANNS, HELLO)
    assert shown(telegram, ANN) == ["Hello.", "Hello."]


@pytest.mark.parametrize("code", [401, 409, 500, 502])
def test_a_server_that_fails_is_left_alone_for_longer_each_time(
    courier: Courier,
    telegram: TelegramControl,
    code: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    telegram.fail(code, times=8)

    async def often(outgoing: Outgoing) -> list[float]:
        waits = []
        for _ in range(8):
            with pytest.raises(SendLaterError) as later:
                await outgoing.send(HELLO, ANNS)
            waits.append(later.value.seconds)
            courier.clock.pass_by(1)
        await outgoing.send(HELLO, ANNS)
        telegram.fail(code)
        courier.clock.pass_by(1)
        with pytest.raises(SendLaterError) as later:
            await outgoing.send(HELLO, ANNS)
        return [*waits, later.value.seconds]

    *waits, last = courier.use(often)
    assert all(2 ** min(n, 5) <= waits[n] <= 2 ** (n + 1) for n in range(5))
    assert all(30 <= wait <= 60 for wait in waits[5:])
    assert last <= 2
    assert len(caplog.records) == 2, "one line an outage"


def test_a_server_that_is_away_or_silent_keeps_nobody(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.down()
    with pytest.raises(SendLaterError):
        courier.send(ANNS, HELLO)
    telegram.up()
    telegram.slow(60)
    courier.seconds = 0.3
    with pytest.raises(SendLaterError):
        courier.send(ANNS, HELLO)
    assert courier.limits.take(str(ANN)) <= 1, "its place is free again"


@pytest.mark.parametrize("rich", [True, False])
def test_a_group_that_moved_is_followed_and_told(
    courier: Courier, telegram: TelegramControl, *, rich: bool
) -> None:
    telegram.set_rich(rich=rich)
    telegram.add_chat(SMALL_GROUP)
    target = ask_in(telegram, SMALL_GROUP)
    moved = telegram.migrate(SMALL_GROUP)
    pressed = replace(target, pressed=target.message)
    sent = courier.send(
        pressed, HELLO, Reply(("Done.",), files=(SHEET,), replaces=True)
    )
    assert {one.chat for one in sent} == {moved}
    messages = telegram.messages(moved)
    assert [text_of(one) for one in messages] == ["Hello.", "Done.", ""]
    assert sent[1].messages == tuple(one.id for one in messages[1:])


@pytest.mark.parametrize("chat", [ANN, GROUP])
def test_a_closed_chat_is_told_in_the_log_once(
    courier: Courier,
    telegram: TelegramControl,
    chat: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    telegram.block(chat)
    sent = courier.send(Target(chat, None, ANN), HELLO, SECRET, QUESTION)
    assert sent[0] == sent[2] == Sent(chat, ())
    lines = [one for one in caplog.records if str(chat) in one.getMessage()]
    assert len(lines) == 1
    assert "4711" not in caplog.text


def test_a_chat_that_is_not_there_is_told_in_the_log(
    courier: Courier, caplog: pytest.LogCaptureFixture
) -> None:
    assert courier.send(Target(77, None, 77), HELLO) == [Sent(77, ())]
    (line,) = caplog.records
    assert "chat not found" in line.getMessage().lower()


# Presses


def test_a_press_is_answered_and_too_late_is_no_error(
    courier: Courier, telegram: TelegramControl, caplog: pytest.LogCaptureFixture
) -> None:
    (sent,) = courier.send(ANNS, QUESTION)
    pressed = telegram.press(ANN, ANN, sent.messages[0], "agree:1")

    async def answer(outgoing: Outgoing) -> None:
        await outgoing.answer_press(pressed.query, "One moment " * 50)
        await outgoing.answer_press(pressed.query)
        await outgoing.answer_press("unknown", "\ud800")
        for code in (429, 502):
            telegram.fail(code, retry_after=5 if code == 429 else 0)
            await outgoing.answer_press(pressed.query)

    courier.use(answer)
    answered = telegram.answer_to(pressed)
    assert answered
    assert answered.text.startswith("One moment One")
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert not courier.clock.waits, "no limit holds for that"


def test_a_clock_that_jumps_does_not_lose_a_reply(
    courier: Courier, telegram: TelegramControl, clock: SharedClock
) -> None:
    telegram.fail(429, retry_after=30)
    with pytest.raises(SendLaterError):
        courier.send(ANNS, HELLO)
    clock.pass_by(86_400)
    courier.send(ANNS, HELLO)
    assert shown(telegram, ANN) == ["Hello."]
