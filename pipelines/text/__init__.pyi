from .hidden import LONGEST_LINE, cut_line, visible
from .redaction import known_secrets, mask_secrets
from .terminal import Console

__all__ = [
    "Console",
    "LONGEST_LINE",
    "cut_line",
    "known_secrets",
    "mask_secrets",
    "visible",
]
