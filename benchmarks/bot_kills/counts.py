"""What became of commands: said, done and answered, each a chat's numbers in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

InChats = Mapping[int, Sequence[int]]
"""The numbers of commands by chat, in their order."""


@dataclass(frozen=True)
class Counts:
    """What one bot did with its commands.

    Attributes:
        said: How many were written.
        lost: Those never carried out.
        done_again: How often one was carried out once more.
        unanswered: Those carried out that got no answer.
        answered_again: How often one was answered once more.
        out_of_order: Chats in which something was done or answered too early.
        delay: The median of the seconds from a command to its first answer.
    """

    said: int
    lost: int
    done_again: int
    unanswered: int
    answered_again: int
    out_of_order: int
    delay: float


def count(
    said: InChats, done: InChats, answered: InChats, delays: Sequence[float]
) -> Counts:
    """Compare what was said with what came of it."""
    chats = [(said[chat], done.get(chat, ()), answered.get(chat, ())) for chat in said]
    return Counts(
        said=sum(len(one) for one, _, _ in chats),
        lost=sum(len(set(one) - set(deeds)) for one, deeds, _ in chats),
        done_again=sum(map(_repeats, done.values())),
        unanswered=sum(len(set(deeds) - set(told)) for _, deeds, told in chats),
        answered_again=sum(map(_repeats, answered.values())),
        out_of_order=sum(
            not (_is_in_order(deeds) and _is_in_order(told)) for _, deeds, told in chats
        ),
        delay=median(delays) if delays else float("nan"),
    )


def _repeats(numbers: Sequence[int]) -> int:
    return sum(times - 1 for times in Counter(numbers).values())


def _is_in_order(numbers: Sequence[int]) -> bool:
    """Whether each number comes first after all smaller ones that come at all."""
    first = list(dict.fromkeys(numbers))
    return first == sorted(first)
