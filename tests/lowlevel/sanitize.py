"""Random rows of every kind through the encoder; `make sanitize` runs it.

The extension is then one that is built with AddressSanitizer and
UndefinedBehaviorSanitizer, which end the process at the first fault.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import sys
import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest

import lowlevel.native
from lowlevel import Column, EncodeError, NativeEncoder
from lowlevel.columns import RANGES, VARIABLE_KINDS
from tests.kit import native_definition

BATCH = 1_000
ALPHABET = "aZ |'\"\\\n\0жЖ€🚕"
FAR = dt.datetime(1, 1, 2)  # datetime2 has no zone
SPAN = (dt.datetime(9999, 12, 30) - FAR) // dt.timedelta(microseconds=1)
DIGITS = [(1, 0), (18, 18), (19, 4), (28, 0), (37, 10), (38, 0), (38, 38)]


def moment(dice: random.Random) -> dt.datetime:
    return FAR + dt.timedelta(microseconds=dice.randint(0, SPAN))


VALUES: dict[str, Callable[[random.Random], object]] = {
    "bit": lambda dice: dice.random() < 0.5,
    "float": lambda dice: dice.gauss(0, 1) * 10 ** dice.randint(-300, 300),
    "date": lambda dice: dt.date.fromordinal(dice.randint(1, 3_652_059)),
    "time": lambda dice: moment(dice).time(),
    "datetime2": moment,
    "datetimeoffset": lambda dice: moment(dice).replace(
        tzinfo=dt.timezone(dt.timedelta(minutes=dice.randint(-840, 840)))
    ),
    "uniqueidentifier": lambda dice: uuid.UUID(int=dice.getrandbits(128)),
    "varchar": lambda dice: "".join(dice.choices(ALPHABET, k=dice.randint(0, 30))),
    "varbinary": lambda dice: dice.randbytes(dice.randint(0, 60)),
}


def integer(kind: str) -> Callable[[random.Random], object]:
    lowest, highest = RANGES[kind]  # type: ignore[index]
    return lambda dice: dice.choice((lowest, highest, 0, dice.randint(lowest, highest)))


def number(precision: int, scale: int) -> Callable[[random.Random], object]:
    most = 10**precision - 1
    return lambda dice: Decimal(dice.randint(-most, most)).scaleb(
        -scale, native_definition.EXACT
    )


def sources() -> list[tuple[Column, Callable[[random.Random], object]]]:
    """A column of each kind, decimals of each width, and how its values are made."""
    made = [(Column("id", "bigint", nullable=False), integer("bigint"))]
    made += [
        (Column(f"c_{kind}", kind, nullable=True), integer(kind)) for kind in RANGES
    ]
    for kind, value in VALUES.items():
        width = 100 if kind in VARIABLE_KINDS else 0
        made.append((Column(f"c_{kind}", kind, nullable=True, width=width), value))  # type: ignore[arg-type]
    for precision, scale in DIGITS:
        name = f"c_{precision}_{scale}"
        column = Column(name, "decimal", nullable=True, width=precision, scale=scale)
        made.append((column, number(precision, scale)))
    return made


def refused(
    columns: list[Column], row: tuple[object, ...], dice: random.Random
) -> None:
    """A row with a wrong value in a random place must be refused."""
    place = dice.randrange(len(columns))
    wrong = (*row[:place], object(), *row[place + 1 :])
    encoder = NativeEncoder(columns, key="id", source="x", etl_id=1)
    with pytest.raises(EncodeError, match=f"column {columns[place].name!r}"):
        encoder.encode([row, wrong])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    columns, values = zip(*sources(), strict=True)
    encoder = NativeEncoder(columns, key="id", source="O'Hare / Ж 🚕", etl_id=2**62)
    decoded = octets = 0
    for first in range(0, asked.rows, BATCH):
        rows = [
            tuple(
                None if at and dice.random() < 0.1 else value(dice)
                for at, value in enumerate(values)
            )
            for _ in range(min(BATCH, asked.rows - first))
        ]
        encoded = encoder.encode(rows)
        octets += len(encoded)
        if first % (50 * BATCH) == 0:
            expected = native_definition.encode(
                columns, rows, key="id", source="O'Hare / Ж 🚕", etl_id=2**62
            )
            assert encoded == expected
            decoded += len(rows)
        refused(list(columns), rows[0], dice)
    assert encoder.rows == asked.rows
    print(  # noqa: T201 - what is shown
        f"{encoder.rows:,} rows of {len(columns)} columns, {octets:,} octets;"
        f" {decoded:,} rows compared with the published definition;"
        f" {lowlevel.native.__file__}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
