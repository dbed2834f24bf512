r"""A text's words, as people write them in a chat.

Quotation marks hold together what has blanks in it, those of telephones, too. What the
shell's quoting makes is understood, but a backslash is a character like others, and so
is an apostrophe within a word: people are called O'Brien, and known as `CORP\anna`.
"""

from __future__ import annotations

import re

from pipelines.operations.words import WrongWordsError

LONGEST_TEXT = 4_096
"""Most characters of what is read: a message of Telegram's has no more."""

_PIECE = re.compile(
    r"""
    (?P<blank>\s+)
    | (?:
        "([^"]*)" | '([^']*)'
        # Of one kind opens and closes what telephones write: „so“, “so” or ”so”.
        | [“”„«»](.*?)[“”„«»] | [‘’‚](.*?)[‘’‚]
      )
      (?= [\s,"'] | $ )
    | (?P<bare> [^\s"'“”„«»‘’‚=,] [^\s"“”„«»=,]* | [=,]+ )
    """,  # noqa: RUF001 - what telephones write
    re.DOTALL | re.VERBOSE,
)


def split_words(text: str) -> list[str]:
    """The words of a text; those in quotation marks are one.

    Raises:
        WrongWordsError: A quotation mark is missing, or there is too much of it.
    """
    if len(text) > LONGEST_TEXT:
        raise WrongWordsError(f"it has more than {LONGEST_TEXT:,} characters")
    words: list[str] = []
    at, is_within = 0, False
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise WrongWordsError("a quotation mark is missing, or one is too many")
        if not piece["blank"]:
            said = next(group for group in piece.groups() if group is not None)
            if is_within:
                words[-1] += said
            else:
                words.append(said)
        at, is_within = piece.end(), not piece["blank"]
    return words
