"""Characters that no terminal, log, mail or page may get from outside."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROL = "".join(chr(n) for n in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029))

HOSTILE = (
    "\x1b]0;owned\x07\x1b[31m\u202egpj.\u2066\x9b2J\u2028a\r\n12:00:00 INFO ok\u200f"
)
"""A title for the window, a colour, text turned around, a screen cleared, a line."""

FAMILY = "👨\u200d👩\u200d👧 e\u0301 чита"
"""Text that stays as it is, although there is a joiner and a mark in it."""

TEXTS = st.lists(
    st.sampled_from([*BIDI, *CONTROL, "a", " ", "\\", "я", "\ud800", "\u200d", FAMILY])
    | st.text(max_size=5),
    max_size=30,
).map("".join)


def hidden(text: str, keep: str = "\n") -> set[str]:
    """The hidden characters in a text, but for those that may be there."""
    found = {c for c in text if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}}
    return (found | {c for c in text if c in BIDI}) - set(keep)
