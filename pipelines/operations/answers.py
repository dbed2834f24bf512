"""The answer to a question about one argument of a wish.

It is read as a part of the wish, so that it may say more than was asked for: asked for
a table, `orders yesterday` tells the days, too. What makes no sense as that is the
argument as a whole, such as a name of two words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.operations.arguments import Arguments, fields_of, is_many, is_name
from pipelines.operations.splitting import split_words
from pipelines.operations.words import Unfinished, WrongWordsError, read_words


def add_answer(
    kind: type[Arguments], unfinished: Unfinished, text: str
) -> dict[str, Any]:
    """What each field is given once somebody has answered, for `parse_values`.

    Args:
        kind: Of which verb.
        unfinished: What was known before, and what was asked for.
        text: What was answered.

    Raises:
        WrongWordsError: It has no words, or a quotation mark too many.
    """
    words = split_words(text)
    if not words:
        raise WrongWordsError("nothing was answered", unfinished=unfinished)
    return {**unfinished.given, **_said(kind, unfinished, words, text)}


def _said(
    kind: type[Arguments], unfinished: Unfinished, words: Sequence[str], text: str
) -> Mapping[str, Any]:
    name = unfinished.wanted
    try:
        said = read_words(kind, words)
    except WrongWordsError:
        said = {}
    is_new = bool(said) and not said.keys() & unfinished.given.keys()
    # A word that is no name can be none here either, and was meant for what took it.
    is_beside = fields_of(kind)[name].takes is is_name and not any(map(is_name, words))
    if is_new and (name in said or is_beside):
        return said
    if is_many(kind, name):
        return {name: list(words)}
    return {name: words[0] if len(words) == 1 else text.strip()}


def add_choice(
    kind: type[Arguments], unfinished: Unfinished, value: str
) -> dict[str, Any]:
    """What each field is given once somebody has chosen what they were asked for.

    Args:
        kind: Of which verb.
        unfinished: What was known before, and what was asked for.
        value: What was chosen.
    """
    name = unfinished.wanted
    return {**unfinished.given, name: [value] if is_many(kind, name) else value}
