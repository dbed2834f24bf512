"""What a false server says, made of what a good one says, the same for each seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Say:
    """Send octets."""

    octets: bytes


@dataclass(frozen=True)
class Trickle:
    """Send octets one by one, and the last of them again and again."""

    octets: bytes


@dataclass(frozen=True)
class Flood:
    """Send octets again and again, as fast as they are taken."""

    octets: bytes


@dataclass(frozen=True)
class Hang:
    """Say no more, and leave the connection open."""


@dataclass(frozen=True)
class HangUp:
    """Close the connection."""


@dataclass(frozen=True)
class Deaf:
    """Read no more."""


@dataclass(frozen=True)
class Do:
    """Do something else."""

    act: Callable[[], object]


Action = Say | Trickle | Flood | Hang | HangUp | Deaf | Do
Turn = list[Action]

BOUNDARIES = (0, 1, 2, 3, 4, 5, 0x7F, 0x80, 0xFF)
"""Numbers at which programs err; their negatives and powers of two are others."""


def mutate(
    recorded: Sequence[bytes], lies: Sequence[bytes], random: Random
) -> list[Turn]:
    """A conversation with one to three faults in it."""
    turns: list[Turn] = [[Say(said)] if said else [] for said in recorded]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        known = len(LIES) if lies else 0
        kinds = [*ALTERATIONS] * 2 + [*LIES] * bool(known)
        random.choice(kinds)(turns, lies, random)
    return turns


def _spot(turns: list[Turn], random: Random) -> tuple[Turn, int]:
    """Somewhere that something is said; if nowhere is, at the beginning."""
    spots = [
        (turn, at)
        for turn in turns
        for at, action in enumerate(turn)
        if isinstance(action, Say) and action.octets
    ]
    if not spots:
        turns[0].insert(0, Say(b"?"))
        return turns[0], 0
    return random.choice(spots)


def _said(turns: list[Turn], random: Random) -> tuple[Turn, int, bytes]:
    turn, at = _spot(turns, random)
    said = turn[at]
    assert isinstance(said, Say)
    return turn, at, said.octets


def flip(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    turn, at, octets = _said(turns, random)
    altered = bytearray(octets)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        altered[random.randrange(len(altered))] = random.randrange(256)
    turn[at] = Say(bytes(altered))


def misnumber(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    """Put another number where there may be one, in either order of its octets."""
    turn, at, octets = _said(turns, random)
    width = random.choice((1, 2, 4, 8))
    where = random.randrange(len(octets))
    number = random.choice((*BOUNDARIES, *(1 << bit for bit in range(8 * width))))
    number = random.choice((number, -number, number - 1)) % (1 << 8 * width)
    order = random.choice(("big", "little"))
    put = number.to_bytes(width, order)  # type: ignore[arg-type]
    turn[at] = Say(octets[:where] + put + octets[where + width :])


def cut(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    """Say a part only, and then nothing, or hang up."""
    turn, at, octets = _said(turns, random)
    turn[at:] = [
        Say(octets[: random.randrange(len(octets))]),
        random.choice((Hang(), HangUp())),
    ]


def leave_out(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    turn, at, octets = _said(turns, random)
    start = random.randrange(len(octets))
    stop = min(len(octets), start + random.choice((1, 2, 4, 16, 256)))
    turn[at] = Say(octets[:start] + octets[stop:])


def repeat(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    turn, at, octets = _said(turns, random)
    start = random.randrange(len(octets))
    part = octets[start : start + random.choice((1, 4, 16, 256))]
    turn[at] = Say(octets[:start] + part * random.choice((2, 3, 100)) + octets[start:])


def insert(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    turn, at, octets = _said(turns, random)
    where = random.randrange(len(octets) + 1)
    put = random.choice(
        (random.randbytes(random.choice((1, 8, 200))), b"\0" * 64, b"\xff" * 8)
    )
    turn[at] = Say(octets[:where] + put + octets[where:])


def disorder(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    """Have two turns change places, or one come again, or none."""
    one, other = random.randrange(len(turns)), random.randrange(len(turns))
    match random.randrange(3):
        case 0:
            turns[one], turns[other] = turns[other], turns[one]
        case 1:
            turns.insert(one, [*turns[other]])
        case _:
            turns[one] = []


def trickle(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    turn, at, octets = _said(turns, random)
    start = random.randrange(len(octets))
    turn[at:] = [Say(octets[:start]), Trickle(octets[start:])]


def flood(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    """Say some of it without end."""
    turn, at, octets = _said(turns, random)
    start = random.choice((0, random.randrange(len(octets))))
    stop = random.choice((len(octets), random.randrange(start, len(octets)) + 1))
    turn[at:] = [Say(octets[:start]), Flood(octets[start:stop])]


def fall_silent(turns: list[Turn], _: Sequence[bytes], random: Random) -> None:
    turn, at = _spot(turns, random)
    turn[at:] = [random.choice((Hang(), HangUp(), Deaf()))]


def lie(turns: list[Turn], lies: Sequence[bytes], random: Random) -> None:
    turn, at = _spot(turns, random)
    turn[at] = Say(random.choice(lies))


def lie_first(turns: list[Turn], lies: Sequence[bytes], random: Random) -> None:
    turn, at = _spot(turns, random)
    turn.insert(at, Say(random.choice(lies)))


def lie_on_and_on(turns: list[Turn], lies: Sequence[bytes], random: Random) -> None:
    turn, at = _spot(turns, random)
    turn[at:] = [Flood(random.choice(lies))]


Alteration = Callable[[list[Turn], Sequence[bytes], Random], None]

ALTERATIONS: tuple[Alteration, ...] = (
    *(flip, flip, misnumber, misnumber, misnumber, cut, leave_out, repeat, insert),
    *(disorder, trickle, flood, fall_silent),
)
LIES: tuple[Alteration, ...] = (lie, lie, lie, lie_first, lie_on_and_on)
