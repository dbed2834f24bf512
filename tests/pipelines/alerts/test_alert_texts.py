from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.alerts import Notice
from pipelines.alerts.message import plain, title
from pipelines.alerts.telegram.text import MOST_PARTS, escape_markdown, parts
from pipelines.text import split_text, well_formed
from sandbox.telegram.markdown import parse_markdown
from tests.kit.hidden import HOSTILE, hidden

RESERVED = set("_*[]()~`>#+-=|{}.!")
MARKUP = st.text(alphabet=[*sorted(RESERVED), "\\", "\n", " ", "a", "é", "🔴"])
TEXTS = st.one_of(st.text(), MARKUP)
LONG = st.builds(lambda text, times: text * times, TEXTS, st.integers(1, 2_000))

NOTICE = Notice(
    number=17,
    headline="38 of 150 shards of LoadOrders 2019-03-14 failed",
    cause="OperationalError 20009: Unable to connect (10.0.0.1:1433)",
    facts=("first abakan, achinsk …", "since 02:14; 4th night running"),
    step="ask the owner of mssql_0, then `shardline run orders`",
)
NOTICES = st.builds(
    Notice,
    number=st.integers(1, 10**9),
    headline=TEXTS,
    cause=st.one_of(TEXTS, LONG),
    facts=st.lists(TEXTS, max_size=3).map(tuple),
    step=TEXTS,
    recovered=st.booleans(),
)


def shown(marked: str) -> str:
    """What people see."""
    return parse_markdown(marked).text


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(TEXTS)
@example("".join(sorted(RESERVED)) + "\\")
@example("\\\\*")
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    assert shown(escape_markdown(text)) == text
    assert shown(f"*{escape_markdown(text)}*") == text or not text


@given(TEXTS.map(well_formed))
@example("```")
@example("python\nprint()")
@example("\\")
@example("\n")
def test_escaped_code_is_shown_as_it_is(text: str) -> None:
    assert shown(f"```\n{escape_markdown(text, inside='pre')}```") == text
    span = f"`{escape_markdown(text, inside='code')}`"
    assert not text or text.startswith("\n") or shown(f"a{span}b") == f"a{text}b"


@given(TEXTS)
def test_an_escaped_link_never_ends_early(address: str) -> None:
    assert shown(f"[here]({escape_markdown(address, inside='link')})") == "here"


def test_an_escaped_link_leads_where_it_should() -> None:
    address = "https://en.wikipedia.org/wiki/Shard_(database_architecture)?a=\\)"
    link = f"[here]({escape_markdown(address, inside='link')})"
    (entity,) = parse_markdown(link).entities
    assert entity.url == address


@given(TEXTS | LONG, st.integers(2, 200))
@example("🔴" * 100, 3)
@example("a\n" * 100, 3)
def test_a_split_text_is_whole_and_each_part_fits(text: str, limit: int) -> None:
    found = split_text(text, limit)
    assert "".join(found) == text
    assert all(0 < units(part) <= limit for part in found)


def test_a_text_is_split_after_lines_then_words_then_anywhere() -> None:
    assert split_text("one two\nthree four\nfive", 12) == [
        "one two\n",
        "three four\n",
        "five",
    ]
    assert split_text("one two three four", 9) == ["one two ", "three ", "four"]
    assert split_text("abcdefgh", 3) == ["abc", "def", "gh"]
    assert split_text("a\nbbbbbbbbbbbb", 8) == ["a\nbbbbbb", "bbbbbb"]


@given(NOTICES, st.integers(256, 4096))
@example(replace(NOTICE, cause="`\\" * 6_000), 4096)
@example(replace(NOTICE, headline="*" * 9_000), 4096)
def test_each_message_of_a_notice_is_valid_fits_and_has_its_number(
    notice: Notice, limit: int
) -> None:
    found = parts(notice, limit)
    assert 1 <= len(found.messages) <= MOST_PARTS
    for message in found.messages:
        assert shown(message.marked) == message.plain
        assert units(message.plain) <= limit
        assert f"#{notice.number}" in message.plain
    if not found.file:
        heading = f"#{notice.number}, continued\n"
        first, *others = [message.plain for message in found.messages]
        told = first + "".join(text.removeprefix(heading) for text in others)
        assert told == plain(notice)
    else:
        assert found.file == plain(notice)


def test_a_message_reads_from_what_happened_to_what_to_do() -> None:
    (message,) = parts(NOTICE).messages
    assert message.plain == (
        "🔴 #17 38 of 150 shards of LoadOrders 2019-03-14 failed\n"
        "OperationalError 20009: Unable to connect (10.0.0.1:1433)\n"
        "first abakan, achinsk …\n"
        "since 02:14; 4th night running\n"
        "→ ask the owner of mssql_0, then `shardline run orders`"
    )
    assert message.marked == (
        "*🔴 \\#17 38 of 150 shards of LoadOrders 2019\\-03\\-14 failed*\n"
        "```\nOperationalError 20009: Unable to connect (10.0.0.1:1433)```\n"
        "first abakan, achinsk …\n"
        "since 02:14; 4th night running\n"
        "→ ask the owner of mssql\\_0, then \\`shardline run orders\\`"
    )


def test_code_that_is_split_is_code_in_each_message() -> None:
    lines = "\n".join(f'  File "load_{n}.py", line {n}' for n in range(250))
    found = parts(replace(NOTICE, cause=lines))
    assert [message.marked.count("```") for message in found.messages] == [2, 2]
    assert found.messages[1].marked.startswith("\\#17, continued\n```\n")
    assert not found.file


def test_a_recovered_notice_says_so_and_leaves_out_what_is_empty() -> None:
    over = Notice(17, "LoadOrders 2019-03-14 is\ncomplete", "", (), "", recovered=True)
    assert title(over) == "#17 recovered: LoadOrders 2019-03-14 is complete"
    assert plain(over) == f"🟢 {title(over)}"


def test_text_that_utf8_has_no_form_of_is_replaced() -> None:
    assert well_formed("a\ud800b\ud83d\udd34") == "a\ufffdb🔴"
    assert well_formed("a\r\nb\rc") == "a\nb\nc"


@given(NOTICES)
@example(replace(NOTICE, headline=HOSTILE, cause=HOSTILE, step=HOSTILE))
@example(replace(NOTICE, facts=(HOSTILE,)))
def test_a_notice_has_nothing_hidden_in_it(notice: Notice) -> None:
    assert not hidden(plain(notice))
    assert not hidden(title(notice), keep="")
    found = parts(notice)
    for message in found.messages:
        assert not hidden(message.marked)
        assert not hidden(message.plain)
    assert not hidden(found.file)
