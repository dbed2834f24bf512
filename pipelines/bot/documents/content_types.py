"""Of what kind a file is, by what is in it: neither its name nor its sender counts.

Nothing is unpacked, so that an archive is as large as its file, whatever it holds.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

MAGIC = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}
"""How files of a kind begin."""

ZIP = b"PK\x03\x04"

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

WORKBOOK = b"xl/workbook.xml"
"""The name of a part that every spreadsheet has, which its list of parts tells."""

LIST_OCTETS = 64 * 1024
"""Octets at a zip's end in which its list of parts is looked at."""

PIECE = 1024 * 1024

_HIDDEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
"""Control characters that no text has; those of blanks and lines are not among them."""

_SEPARATORS = ",;\t"


def content_type_of(file: Path) -> str | None:
    """What kind of file it is; None if it is none of those that are kept.

    Raises:
        OSError: It cannot be read.
    """
    with file.open("rb") as opened:
        beginning = opened.read(PIECE)
        for magic, content_type in MAGIC.items():
            if beginning.startswith(magic):
                return content_type
        if beginning.startswith(ZIP):
            size = file.stat().st_size
            opened.seek(max(size - LIST_OCTETS, 0))
            return XLSX if WORKBOOK in opened.read() else "application/zip"
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        first, piece = "", beginning
        while piece:
            if (text := _decoded(decoder, piece, is_last=len(piece) < PIECE)) is None:
                return None
            first, piece = first or text, opened.read(PIECE)
    return _kind_of_text(first) if beginning else None


def _decoded(
    decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool
) -> str | None:
    try:
        text = decoder.decode(piece, is_last)
    except UnicodeDecodeError:
        return None
    return None if _HIDDEN.search(text) else text


def _kind_of_text(text: str) -> str:
    """A table, if its first two lines have as many separators, or plain text."""
    lines = [line for line in text.splitlines()[:3] if line][:2]
    for separator in _SEPARATORS:
        counts = {line.count(separator) for line in lines}
        if len(lines) > 1 and len(counts) == 1 and counts != {0}:
            return "text/csv"
    return "text/plain"
