"""A notice as people read it, before any channel's markup."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pipelines.alerts.channel import Notice
from pipelines.errors import one_line
from pipelines.text import well_formed

Style = Literal["plain", "bold", "pre"]


class Styled(NamedTuple):
    """Text of one style.

    Attributes:
        text: What people read.
        style: How it looks; `pre` is a block of its own, spaced as written.
    """

    text: str
    style: Style


def title(notice: Notice) -> str:
    """The incident's number and headline, in one line."""
    over = "recovered: " if notice.recovered else ""
    return f"#{notice.number} {over}{one_line(notice.headline)}"


def styled_parts(notice: Notice) -> list[Styled]:
    """The whole notice: headline, cause, facts, next step; empty ones are left out."""
    lamp = "\N{LARGE GREEN CIRCLE}" if notice.recovered else "\N{LARGE RED CIRCLE}"
    blocks = [
        Styled(f"{lamp} {title(notice)}", "bold"),
        Styled(well_formed(notice.cause), "pre"),
        Styled("\n".join(map(one_line, notice.facts)), "plain"),
        Styled(well_formed(notice.step and f"→ {notice.step}"), "plain"),
    ]
    filled = [block for block in blocks if block.text]
    between = Styled("\n", "plain")
    return [part for block in filled for part in (block, between)][:-1]


def plain(notice: Notice) -> str:
    """The whole notice without any style."""
    return "".join(span.text for span in styled_parts(notice))
