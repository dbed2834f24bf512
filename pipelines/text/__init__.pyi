from .hidden import LONGEST_LINE, cut_line, visible
from .lengths import split_text, utf16_units
from .redaction import known_secrets, mask_secrets
from .terminal import Console
from .paragraphs import well_formed

__all__ = [
    "Console",
    "LONGEST_LINE",
    "cut_line",
    "known_secrets",
    "mask_secrets",
    "split_text",
    "utf16_units",
    "visible",
    "well_formed",
]
