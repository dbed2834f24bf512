"""The Bot API's HTML: what is shown, and what is an error."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.telegram.entities import Entity, Formatted, MarkupError, units
from sandbox.telegram.html import parse_html

TEXT = st.text(
    st.one_of(
        st.sampled_from("<>&\"';#/ =\n"), st.characters(exclude_categories=["Cs"])
    )
)


def parsed(text: str) -> Formatted | str:
    try:
        return parse_html(text)
    except MarkupError as error:
        return str(error)


@given(TEXT)
def test_any_escaped_text_is_shown_unchanged(text: str) -> None:
    assert parse_html(html.escape(text, quote=False)) == Formatted(text)


@given(TEXT.filter(bool), TEXT.filter(bool))
def test_nested_tags_cover_what_they_surround(outer: str, inner: str) -> None:
    a, b = (html.escape(one, quote=False) for one in (outer, inner))
    shown = parse_html(f"<b>{a}<i>{b}</i></b>")
    assert shown.text == outer + inner
    assert shown.entities == (
        Entity("bold", 0, units(outer + inner)),
        Entity("italic", units(outer), units(inner)),
    )


@given(TEXT)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    read = parsed(text)
    if isinstance(read, str):
        assert re.search(r"byte offset \d+|start tag", read)
    else:
        assert all(0 < one.end <= units(read.text) for one in read.entities)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("ж<div>a</div>", 'Unsupported start tag "div" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<a href", 'Unclosed start tag "a" at byte offset 0'),
        ("<a =x>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x_y>", "Unexpected end of name token at byte offset 8"),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</b x", "Unclosed end tag at byte offset 4"),
        (
            "<b>a</i>",
            'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        (
            '<tg-emoji emoji-id="x">a</tg-emoji>',
            "Invalid custom emoji identifier specified",
        ),
        (
            "&#xd800;",
            (
                "Text contains invalid Unicode characters after decoding HTML entities,"
                " check for unmatched surrogate code units"
            ),
        ),
    ],
)
def test_an_error_says_what_is_wrong_and_where(source: str, complaint: str) -> None:
    with pytest.raises(MarkupError) as refused:
        parse_html(source)
    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    ("source", "text", "entity"),
    [
        ("<STRONG>a</STRONG>", "a", Entity("bold", 0, 1)),
        ("<em>a</>", "a", Entity("italic", 0, 1)),
        ('<span class="tg-spoiler">a</span>', "a", Entity("spoiler", 0, 1)),
        (
            "<blockquote expandable>a</blockquote>",
            "a",
            Entity("expandable_blockquote", 0, 1),
        ),
        ("<pre>a</pre>", "a", Entity("pre", 0, 1)),
        (
            '<pre><code class="language-sql">a</code></pre>',
            "a",
            Entity("pre", 0, 1, language="sql"),
        ),
        (
            '<code class="language-sql"><pre>a</pre></code>',
            "a",
            Entity("pre", 0, 1, language="sql"),
        ),
        ('<code class="language-sql">a</code>', "a", Entity("code", 0, 1)),
        (
            '<a href="http://a.io/?x=1&amp;y=2">a</a>',
            "a",
            Entity("text_link", 0, 1, url="http://a.io/?x=1&y=2"),
        ),
        ("<a>a.io</a>", "a.io", Entity("text_link", 0, 4, url="http://a.io/")),
        ("<a href='tg://user?id=7'>a</a>", "a", Entity("text_mention", 0, 1, user=7)),
        ("<u>&#128512;</u>", "\U0001f600", Entity("underline", 0, 2)),
        ("<s>&#xd83d;&#xde00;</s>", "\U0001f600", Entity("strikethrough", 0, 2)),
        ("<b>&nbsp; &lt &unknown;</b>", "&nbsp; < &unknown;", Entity("bold", 0, 18)),
    ],
)
def test_a_tag_is_an_entity(source: str, text: str, entity: Entity) -> None:
    assert parse_html(source) == Formatted(text, (entity,))


def test_a_link_that_telegram_drops_is_mere_text() -> None:
    assert parse_html('<a href="http://localhost:8082/">a</a>') == Formatted("a")
