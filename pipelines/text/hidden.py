"""Characters that nobody sees, or that move what is seen, in a form that is read.

A control character moves a terminal's cursor, a bidirectional one turns what follows
it around, a line break makes one line look like two.
"""

from __future__ import annotations

import unicodedata

LONGEST_LINE = 8_000
"""Most characters of a line on a console, and most octets of one in JSON."""

JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: parts of emoji, and of words in Persian or Hindi."""

CUT = "…"
"""What stands where a text was cut."""

_MNEMONICS = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str, keep: str = "") -> str:
    r"""The text with each hidden character as an escape, such as ``\x1b``.

    Args:
        text: Any text.
        keep: Control characters that stay as they are, such as a line break in what
            has several lines.
    """
    if text.isprintable():
        return text
    kept = {*keep, *JOINERS}
    return "".join(c if c.isprintable() or c in kept else _shown(c) for c in text)


def cut_line(line: str, most: int = LONGEST_LINE) -> str:
    """The line, or most of its beginning and some of its end, a mark between them.

    The end of a line tells what to do next, and that of a traceback what was raised.
    """
    if len(line) <= most:
        return line
    last = most // 4
    return f"{line[: most - last - 1]}{CUT}{line[len(line) - last :]}"


def _shown(char: str) -> str:
    if unicodedata.category(char) == "Zs":  # a blank of another width
        return char
    if char in _MNEMONICS:
        return _MNEMONICS[char]
    if char.isascii():
        return f"\\x{ord(char):02x}"
    return char.encode("ascii", "backslashreplace").decode()
