"""Any reply in a form that Telegram takes, with nothing of it lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import Courier, SharedClock
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from pipelines.alerts import Limits
from pipelines.bot import Button, Reply, reply_lines, texts
from pipelines.bot.telegram.client import close_bot, open_bot
from pipelines.bot.telegram.drafts import WHOLE, draft_of
from pipelines.bot.telegram.outgoing import Outgoing
from pipelines.bot.telegram.targets import Target
from pipelines.config import TelegramAddress
from pipelines.operations import File
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.entities import units
from sandbox.telegram.rich import as_text

ANN = 1001
ANNS = Target(ANN, None, ANN)
MANY = tuple((f"#{n}", f"shard-{n}", f"{n:,}") for n in range(1, 35))
HEADS = ("job", "shard", "rows")

TEXT = st.text(max_size=60) | st.text("a`<&>\n\t \U0001f534é中", max_size=40)
LONG = st.builds(lambda text, times: text * times, TEXT, st.integers(1, 3_000))
ROWS = st.lists(st.lists(TEXT, max_size=5).map(tuple), max_size=30).map(tuple)
FILES = st.builds(
    File, TEXT, st.sampled_from(("image/png", "text/csv")), st.binary(max_size=9)
)
REPLIES = st.builds(
    Reply,
    lines=st.lists(TEXT | LONG, max_size=5).map(tuple),
    heads=st.lists(TEXT, max_size=4).map(tuple),
    rows=ROWS | st.builds(lambda rows, times: rows * times, ROWS, st.integers(1, 99)),
    texts=st.lists(st.tuples(TEXT, TEXT | LONG), max_size=3).map(tuple),
    files=st.lists(FILES, max_size=1).map(tuple),
    buttons=st.lists(st.builds(Button, TEXT, TEXT), max_size=3).map(tuple),
)


class Session:
    """One that sends many replies, over the same connection."""

    def __init__(self, address: TelegramAddress, telegram: TelegramControl) -> None:
        self._telegram = telegram
        self._runner = asyncio.Runner()
        self._bot = self._runner.run(self._open(address))
        clock = SharedClock(telegram)
        self._outgoing = Outgoing(self._bot, Limits(clock), sleep=clock.sleep)

    async def _open(self, address: TelegramAddress) -> Any:  # noqa: ANN401 - the library's
        return open_bot(address)

    def send(self, reply: Reply) -> tuple[int, ...]:
        return self._runner.run(self._outgoing.send(reply, ANNS)).messages

    def close(self) -> None:
        self._runner.run(close_bot(self._bot))
        self._runner.close()


@contextmanager
def session(address: TelegramAddress, telegram: TelegramControl) -> Iterator[Session]:
    opened = Session(address, telegram)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize("rich", [True, False])
def test_any_reply_is_taken(
    address: TelegramAddress, telegram: TelegramControl, *, rich: bool
) -> None:
    telegram.set_rich(rich=rich)
    telegram.set_pace(1e6)
    with session(address, telegram) as courier:

        @settings(max_examples=60, deadline=None)
        @given(REPLIES)
        def check(reply: Reply) -> None:
            assert courier.send(reply)

        check()
    refused = {
        method: times
        for (method, code), times in telegram.answers().items()
        if code != 200
    }
    # What the sandbox does not take as a picture goes as a file.
    assert set(refused) <= {"sendPhoto"}


@given(REPLIES)
@settings(max_examples=60, deadline=None)
def test_what_a_message_does_not_show_is_in_the_file_beside_it(reply: Reply) -> None:
    draft = draft_of(reply)
    for pieces in (draft.rich, draft.plain):
        told = "".join(_told(piece.forms[0].content) for piece in pieces)
        is_shortened = texts.SHORTENED.format(name=WHOLE) in told
        files = [_file(piece.forms[-1].content) for piece in pieces]
        assert (WHOLE in files) == is_shortened
        assert is_shortened or len(told) < 40_000


def _told(content: dict[str, Any]) -> str:
    if "rich_message" in content:
        told = as_text(content["rich_message"])
        assert units(told) <= 32_768
        return told
    return str(content.get("text", ""))


def _file(content: dict[str, Any]) -> str:
    return content["document"].filename if "document" in content else ""


def blocks(reply: Reply) -> list[dict[str, Any]]:
    content = draft_of(reply).rich[0].forms[0].content
    told: list[dict[str, Any]] = content["rich_message"]["blocks"]
    return told


def plain(reply: Reply) -> list[str]:
    return [
        piece.forms[0].content["text"]
        for piece in draft_of(reply).plain
        if piece.is_text
    ]


def test_lines_are_paragraphs_and_what_stands_between_backticks_is_code() -> None:
    told = blocks(Reply(("See `help run`, then `run`.", "a lone ` is one", "`` too")))
    assert told == [
        {
            "type": "paragraph",
            "text": [
                "See ",
                {"type": "code", "text": "help run"},
                ", then ",
                {"type": "code", "text": "run"},
                ".",
            ],
        },
        {"type": "paragraph", "text": "a lone ` is one"},
        {"type": "paragraph", "text": "`` too"},
    ]
    assert plain(Reply(("See `a<b`.", "a lone ` is one"))) == [
        "See <code>a&lt;b</code>.\na lone ` is one\n"
    ]


def test_rows_are_a_table_whose_numbers_stand_on_the_right() -> None:
    (table,) = blocks(Reply(heads=HEADS, rows=MANY[:2]))
    assert (table["type"], table["is_striped"]) == ("table", True)
    heads, first, _ = table["cells"]
    assert [cell["text"] for cell in heads] == list(HEADS)
    assert all(cell["is_header"] for cell in heads)
    assert [cell["align"] for cell in first] == ["left", "left", "right"]


def test_a_long_table_folds_out() -> None:
    (folded,) = blocks(Reply(heads=HEADS, rows=MANY))
    assert (folded["type"], folded["summary"]) == ("details", "34 rows")
    assert len(folded["blocks"][0]["cells"]) == 35


def test_what_others_wrote_stands_below_its_heading() -> None:
    told = blocks(Reply(texts=(("Log", "a  <b>\n  c"), ("None", " "), ("", "d"))))
    assert told == [
        {"type": "heading", "size": 4, "text": "Log"},
        {"type": "pre", "text": "a  <b>\n  c"},
        {"type": "pre", "text": "d"},
    ]
    assert plain(Reply(texts=(("Log", "a  <b>\n  c"),))) == [
        "<b>Log</b>\n<pre>a  &lt;b&gt;\n  c</pre>\n"
    ]


def test_a_plain_table_is_as_narrow_as_a_telephone_and_lacks_nothing() -> None:
    rows = (
        ("#1", "queued", "shardline run orders 2019-03-14 --shards abakan,achinsk"),
        ("#20", "running", "中文" * 20),
    )
    (told,) = plain(Reply(heads=("job", "state", "command"), rows=rows))
    lines = told.removeprefix("<pre>").removesuffix("</pre>\n").split("\n")
    assert max(map(cell_len, lines)) <= 44
    assert lines[:4] == [
        "job  state    command",
        "#1   queued   shardline run orders",
        "              2019-03-14 --shards",
        "              abakan,achinsk",
    ]
    assert "".join(lines[4:]).count("中") == 20


def test_a_table_of_a_few_short_columns_is_as_in_a_terminal() -> None:
    reply = Reply(("x",), heads=HEADS, rows=tuple((*row[:2], "a") for row in MANY))
    (told,) = plain(reply)
    inside = told.removeprefix("x\n<pre>").removesuffix("</pre>\n")
    assert inside.split("\n") == list(reply_lines(reply))[1:]


def test_rows_that_differ_in_length_are_filled_up() -> None:
    reply = Reply(heads=("a",), rows=(("1",), ("1", "2", "3"), (), ("", "")))
    (table,) = blocks(reply)
    assert [len(row) for row in table["cells"]] == [3, 3, 3]
    assert plain(reply) == ["<pre>a\n1\n1  2  3</pre>\n"]


def test_a_long_text_is_a_few_messages_and_a_longer_one_is_a_file(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.set_rich(rich=False)
    buttons = (Button("x", "y"),)
    lines = tuple(f"line {n} & more of it" for n in range(450))
    courier.send(ANNS, Reply(lines, buttons=buttons))
    messages = telegram.messages(ANN)
    assert len(messages) == 3
    assert "\n".join(one.text for one in messages) == "\n".join(lines)
    assert [bool(one.keyboard) for one in messages] == [False, False, True]
    courier.send(ANNS, Reply(lines * 9, buttons=buttons))
    text, file = telegram.messages(ANN)[3:]
    assert text.text.endswith(f"\n{texts.SHORTENED.format(name=WHOLE)}")
    assert text.keyboard
    assert file.file
    assert telegram.content(file.file.id).decode() == "\n".join([*lines * 9, ""])


def test_a_rich_message_that_is_too_long_is_shortened_beside_the_whole(
    courier: Courier, telegram: TelegramControl
) -> None:
    rows = tuple((str(n), "x" * 50) for n in range(1_000))
    courier.send(
        ANNS, Reply(("Rows:",), ("n", "x"), rows, texts=(("Log", "y" * 9_000),))
    )
    text, file = telegram.messages(ANN)
    assert text.rich
    told = as_text(text.rich)
    assert 20_000 < units(told) <= 32_768
    assert f"of {1_000} rows" in told
    assert told.endswith(texts.SHORTENED.format(name=WHOLE))
    assert file.file
    whole = telegram.content(file.file.id).decode()
    assert "\n999  xxx" in whole
    assert whole.endswith("y\n")


def test_however_a_table_is_counted_it_is_not_too_long(
    courier: Courier, telegram: TelegramControl
) -> None:
    rows = (("\U0001f534" * 20, "x"), ("x" * 40, "\U0001f534")) * 500
    courier.send(ANNS, Reply(rows=rows))
    assert telegram.messages(ANN)[0].rich


def test_a_message_of_nothing_but_blanks_is_not_tried(
    courier: Courier, telegram: TelegramControl
) -> None:
    telegram.set_rich(rich=False)
    text = f"a{chr(10) * 10_000}b"
    courier.send(ANNS, Reply(texts=(("Log", text),)))
    assert [one.text[-1] for one in telegram.messages(ANN)] == ["a", "b"]
