"""Lengths in UTF-16 code units, in which some measure and bound what they show."""

from __future__ import annotations


def utf16_units(text: str) -> int:
    """The length of a text in UTF-16 code units, which is how Telegram counts."""
    return len(text) + sum(char > "\uffff" for char in text)


def split_text(text: str, limit: int) -> list[str]:
    """Cut a text into parts, after a line or else a word where that is near.

    Args:
        text: Text without markup or escapes; those are added to each part afterwards.
        limit: Most UTF-16 code units in a part, which is how Telegram counts; from 2.

    Returns:
        The parts; joined, they are the text.
    """
    parts = []
    begin = 0
    while begin < len(text):
        end = _reach(text, begin, limit)
        if end < len(text):
            end = _boundary(text, begin, end)
        parts.append(text[begin:end])
        begin = end
    return parts


def _reach(text: str, begin: int, limit: int) -> int:
    """How far a part may go: whole characters, some of which are two units."""
    units = 0
    for at in range(begin, len(text)):
        units += 2 if text[at] > "\uffff" else 1
        if units > limit:
            return at
    return len(text)


def _boundary(text: str, begin: int, end: int) -> int:
    """The last end of a line, or else of a word, in the part's second half."""
    half = (begin + end) // 2
    for mark in ("\n", " "):
        found = text.rfind(mark, half, end)
        if found >= 0:
            return found + 1
    return end
