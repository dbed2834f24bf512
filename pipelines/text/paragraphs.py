"""Texts of several lines, as people may be shown them."""

from __future__ import annotations

from pipelines.text.hidden import visible
from pipelines.text.redaction import mask_secrets


def well_formed(text: str) -> str:
    """The text with plain line breaks, no secrets, and nothing hidden in it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    # Two halves of a pair are one character; half of one has no form in UTF-8.
    whole = lines.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return visible(mask_secrets(whole), keep="\n")
