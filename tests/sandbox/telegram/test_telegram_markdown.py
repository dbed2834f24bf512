"""MarkdownV2: what is shown, what is an error, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.telegram.entities import Entity, Formatted, MarkupError, as_shown, units
from sandbox.telegram.markdown import parse_markdown

MUST_BE_ESCAPED = "is reserved and must be escaped with the preceding '\\'"
RESERVED = "_*[]()~`>#+-=|{}.!"
TEXT = st.text(
    st.one_of(
        st.sampled_from(RESERVED + "\\\n \U0001f3dfé"),
        st.characters(exclude_categories=["Cs"]),
    )
)
SOME_TEXT = TEXT.filter(bool)
CODE_TEXT = SOME_TEXT.map(lambda text: text.replace("\r", " "))


def escaped(text: str) -> str:
    """By the rule that the Bot API publishes for text outside code."""
    return re.sub(r"([_*\[\]()~`>#+\-=|{}.!\\])", r"\\\1", text)


def escaped_code(text: str) -> str:
    return re.sub(r"([`\\])", r"\\\1", text)


def parsed(text: str) -> Formatted | str:
    try:
        return parse_markdown(text)
    except MarkupError as error:
        return str(error)


@given(TEXT)
def test_any_escaped_text_is_shown_unchanged(text: str) -> None:
    assert parse_markdown(escaped(text)) == Formatted(text)


@given(CODE_TEXT, st.sampled_from(["", "python", "sql-2"]))
def test_any_escaped_code_is_shown_unchanged(text: str, language: str) -> None:
    shown = parse_markdown(f"```{language}\n{escaped_code(text)}```")
    assert shown == Formatted(text, (Entity("pre", 0, units(text), language=language),))


@dataclass(frozen=True)
class Span:
    """Text between two marks; inside are texts and other spans, in turn."""

    kind: str
    inside: tuple[str | Span, ...]


MARKS = {
    "bold": ("*", "*"),
    "italic": ("_", "_"),
    "underline": ("__", "__"),
    "strikethrough": ("~", "~"),
    "spoiler": ("||", "||"),
    "text_link": ("[", r"](https://example\.org/a\(b\)?c=1)"),
    "code": ("`", "`"),
}
LINK = "https://example.org/a(b)?c=1"


def inside(kinds: tuple[str, ...]) -> st.SearchStrategy[tuple[str | Span, ...]]:
    if not kinds:
        return st.tuples(SOME_TEXT)
    return st.tuples(SOME_TEXT, span(kinds), SOME_TEXT) | st.tuples(SOME_TEXT)


def span(kinds: tuple[str, ...]) -> st.SearchStrategy[Span]:
    def of(kind: str) -> st.SearchStrategy[Span]:
        if kind == "code":
            return st.builds(Span, st.just(kind), st.tuples(SOME_TEXT))
        others = tuple(one for one in kinds if one != kind)
        return st.builds(Span, st.just(kind), inside(others))

    return st.sampled_from(kinds).flatmap(of)


TREES = st.lists(st.tuples(SOME_TEXT, span(tuple(MARKS))), max_size=4).map(
    lambda pairs: tuple(part for pair in pairs for part in pair)
)


def written(parts: tuple[str | Span, ...], *, code: bool = False) -> str:
    out = ""
    for part in parts:
        if isinstance(part, str):
            out += escaped_code(part) if code else escaped(part)
        else:
            begin, end = MARKS[part.kind]
            out += begin + written(part.inside, code=part.kind == "code") + end
    return out


def read(parts: tuple[str | Span, ...], found: set[Entity], offset: int = 0) -> str:
    text = ""
    for part in parts:
        at = offset + units(text)
        if isinstance(part, str):
            text += part
        else:
            covered = read(part.inside, found, at)
            url = LINK if part.kind == "text_link" else ""
            found.add(Entity(part.kind, at, units(covered), url=url))
            text += covered
    return text


@given(TREES)
def test_any_tree_of_entities_is_read_as_it_was_written(
    tree: tuple[str | Span, ...],
) -> None:
    found: set[Entity] = set()
    text = read(tree, found)
    shown = parse_markdown(written(tree))
    assert shown.text == text
    assert set(shown.entities) == found
    places = [(one.offset, -one.length) for one in shown.entities]
    assert places == sorted(places)


@given(TEXT)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    read = parsed(text)
    if isinstance(read, str):
        assert re.search(r"must be escaped|byte offset \d+|ustom emoji", read)
    else:
        assert all(0 < one.end <= units(read.text) for one in read.entities)


@pytest.mark.parametrize("char", sorted(set(RESERVED) - set("_*[~`>")))
def test_a_reserved_character_is_an_error_that_names_it(char: str) -> None:
    with pytest.raises(MarkupError) as refused:
        parse_markdown(f"a{char}")
    assert str(refused.value) == f"Character '{char}' {MUST_BE_ESCAPED}"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("ж_a", "Can't find end of Italic entity at byte offset 2"),
        ("\U0001f3df *a", "Can't find end of Bold entity at byte offset 5"),
        ("~a", "Can't find end of Strikethrough entity at byte offset 0"),
        ("||a\\|", "Can't find end of Spoiler entity at byte offset 0"),
        ("__a_", "Can't find end of Italic entity at byte offset 3"),
        ("_a__", "Can't find end of Underline entity at byte offset 2"),
        ("*a _b* c_", "Can't find end of Italic entity at byte offset 8"),
        ("a`", "Can't find end of Code entity at byte offset 1"),
        ("```a", "Can't find end of Pre entity at byte offset 0"),
        ("```a ", "Can't find end of PreCode entity at byte offset 0"),
        ("[a", "Can't find end of TextUrl entity at byte offset 0"),
        ("[a](b", "Can't find end of a URL at byte offset 4"),
        ("[a](b\\)", "Can't find end of a URL at byte offset 4"),
        (">*a\nb", "Can't find end of Bold entity at byte offset 1"),
        ("![a]", "Custom emoji entity must contain a tg://emoji URL"),
        (
            "![a](tg://emoji?id=",
            "Can't find end of a custom emoji URL at byte offset 5",
        ),
        ("![a](http://emoji?id=1)", "Custom emoji URL must have scheme tg"),
        ("![a](tg://emoji?id=x)", "Invalid custom emoji identifier specified"),
        ("a > b", f"Character '>' {MUST_BE_ESCAPED}"),
        (">a\n>>b", f"Character '>' {MUST_BE_ESCAPED}"),
    ],
)
def test_an_error_says_what_is_wrong_and_where(source: str, complaint: str) -> None:
    with pytest.raises(MarkupError) as refused:
        parse_markdown(source)
    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("___a_ b__", "a b", [("underline", 0, 3), ("italic", 0, 1)]),
        ("__a _b_**__", "a b", [("underline", 0, 3), ("italic", 2, 1)]),
        ("____", "", []),
        ("**a", "a", []),
        ("\\a\\ж\\", "a\\ж\\", []),
        ("`a*_[`", "a*_[", [("code", 0, 4)]),
        ("```a```", "a", [("pre", 0, 1)]),
        ("[a](localhost:80)", "a", []),
        ("[a](luigid/x)", "a", []),
        (">a", "a", [("blockquote", 0, 1)]),
        ("a\n>b\n>c\nd", "a\nb\nc\nd", [("blockquote", 2, 4)]),
        (">a\n>b||\nc", "a\nb\nc", [("expandable_blockquote", 0, 4)]),
        (">a||", "a", [("expandable_blockquote", 0, 1)]),
        (">a\n**>b", "a\nb", [("blockquote", 0, 2), ("blockquote", 2, 1)]),
        ("\r>a\r\n>b", "\ra\r\nb", [("blockquote", 1, 4)]),
        (">*a\n>b*", "a\nb", [("blockquote", 0, 3), ("bold", 0, 3)]),
        ("*a\n>b\nc*", "a\nb\nc", [("bold", 0, 5), ("blockquote", 2, 2)]),
        ("\\>a\n\\>b", ">a\n>b", []),
        ("\U0001f3df*\U0001f3df*", "\U0001f3df\U0001f3df", [("bold", 2, 2)]),
    ],
)
def test_entities_nest_and_end_as_published(
    source: str, text: str, entities: list[tuple[str, int, int]]
) -> None:
    shown = parse_markdown(source)
    assert shown.text == text
    assert [(one.type, one.offset, one.length) for one in shown.entities] == entities


def test_links_carry_what_they_lead_to() -> None:
    shown = parse_markdown(
        "[a](tg://user?id=7)[b](Example.org)![c](tg://emoji?id=5)[d\\.io]"
    )
    told = [
        (one.type, one.user, one.url, one.custom_emoji_id) for one in shown.entities
    ]
    assert told == [
        ("text_mention", 7, "", ""),
        ("text_link", 0, "http://example.org/", ""),
        ("custom_emoji", 0, "", "5"),
        ("text_link", 0, "http://d.io/", ""),
    ]


def test_a_style_stops_at_code() -> None:
    shown = as_shown(parse_markdown("*a `b` c*"))
    assert shown == Formatted(
        "a b c", (Entity("bold", 0, 2), Entity("code", 2, 1), Entity("bold", 3, 2))
    )


def test_what_is_shown_is_trimmed_and_has_no_control_characters() -> None:
    shown = as_shown(parse_markdown("\n a\r\n\t*b* \n"))
    assert shown == Formatted("a\n b", (Entity("bold", 3, 1),))
    assert as_shown(parse_markdown(" \n* a*")).text == " a"


def test_only_a_hundred_entities_are_shown() -> None:
    shown = as_shown(parse_markdown("*a* " * 101))
    assert (len(shown.text), len(shown.entities)) == (201, 100)


@given(TEXT, TEXT, TEXT)
def test_tidying_keeps_an_entity_on_its_text(a: str, b: str, c: str) -> None:
    length = units(b)
    bold = (Entity("bold", units(a), length),) if length else ()
    shown = as_shown(Formatted(a + b + c, bold))
    for one in shown.entities:
        covered = shown.text.encode("utf-16-le")[2 * one.offset : 2 * one.end]
        kept = re.sub(r"[\x00-\x09\x0b-\x1f]", " ", b.replace("\r", ""))
        assert kept.startswith(covered.decode("utf-16-le"))
    if b.strip() and b.isprintable():
        assert len(shown.entities) == 1
