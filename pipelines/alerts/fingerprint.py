"""When two failures have the same cause: their messages, without what varies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

from pipelines.errors import one_line

LONGEST = 10_000
"""Characters of a message that count, before and after anything is replaced in it."""

SHARD, VALUE, ADDRESS, PATH, NUMBER = "<shard>", "<value>", "<address>", "<path>", "<n>"

_NAMED = "\ue000"
"""Stands for `SHARD` until all names are replaced: one line of text never has it, and a
shard may be called SHARD."""

_HEX = "[0-9a-f]"
_IN_PATH, _IN_ADDRESS = r"[\w.~+<>-]", r"[\w.<>-]"
_VARIES = [
    (
        VALUE,
        r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"|`[^`]*`|«[^«»]*»|(?<!\w)\[[^][]*\](?!\w)",
    ),
    (ADDRESS, r"(?<!\w)\w+://\S+"),
    (NUMBER, rf"(?<!\w){_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}(?!\w)"),
    (ADDRESS, r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?!\w)"),
    (
        PATH,
        rf"(?<!{_IN_PATH})(?:[a-z]:)?(?:{_IN_PATH}*+[\\/])+{_IN_PATH}*",
    ),
    (
        ADDRESS,
        rf"(?<![\w:])(?=[\d:]*[a-f:]{{2}})(?:{_HEX}{{0,4}}:){{2,7}}{_HEX}{{0,4}}",
    ),
    (
        ADDRESS,
        rf"(?<!{_IN_ADDRESS})(?={_IN_ADDRESS}*[^\W\d_])[\w<>-]+(?:\.[\w<>-]+)+(?::\d+)?",
    ),
    (NUMBER, rf"\b0x{_HEX}+|(?<!\w)(?:{_HEX}{{8,}}|(?=\w*\d){_HEX}{{6,7}})(?!\w)"),
    (NUMBER, r"\d+(?:[.,:-]\d+)*"),
]
"""What replaces what, in this order: quoted values first, with all that is in them.

A shard's name may be a part of a path or an address, such as Asia/Chita, so its
placeholder may be, too. None is tried again within what it has looked through in vain:
the work grows with the message, and not with its square."""

_PATTERNS = [(to, re.compile(pattern, re.IGNORECASE)) for to, pattern in _VARIES]


def fingerprint(family: str, error: str, code: str, normalised: str) -> str:
    """What failures of one cause have in common, as 32 hexadecimal digits.

    Args:
        family: Which kind of task failed.
        error: The type of the exception.
        code: The server's number or SQLSTATE, or "".
        normalised: The message, as `normalise` gives it.
    """
    parts = f"{family}\0{error}\0{code}\0{normalised}"
    return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:32]


def normalise(message: str, own: Sequence[str], all_names: Sequence[str]) -> str:
    """A message with placeholders for what differs from one shard to the next.

    Args:
        message: The text of an error.
        own: The names of what failed, such as its task and its shard; they are replaced
            first, since one shard's name may be a part of another's.
        all_names: The names of all shards, databases and servers. All of them are
            replaced in every message: a shard may be called like a common word.
    """
    text = one_line(message[:LONGEST])
    for names in (tuple(own), tuple(all_names)):
        if known := _any_of(names):
            text = known.sub(_NAMED, text)
    text = text.replace(_NAMED, SHARD)[:LONGEST]
    for placeholder, pattern in _PATTERNS:
        text = pattern.sub(placeholder, text)[:LONGEST]
    return text


@lru_cache(maxsize=256)
def _any_of(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """A pattern for any of some names, as whole words; the longest goes first."""
    folded = {one_line(name) for name in names} - {""}
    if not folded:
        return None
    longest_first = sorted(folded, key=lambda name: (-len(name), name))
    either = "|".join(re.escape(name) for name in longest_first)
    # An underscore parts words here, as it does in Luigi's names of tasks.
    return re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])", re.IGNORECASE)
