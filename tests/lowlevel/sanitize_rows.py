"""Answers of a lying SQL Server through the reader of rows; `make sanitize` runs it.

The extension is then one that is built with AddressSanitizer and
UndefinedBehaviorSanitizer, which end the process at the first fault. Of the memory that
db-lib gives, AddressSanitizer knows the bounds; db-lib itself is not looked at.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
from collections import Counter
from contextlib import ExitStack, closing

import pymssql
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import lowlevel.rows
from lowlevel import EncodeError, NativeEncoder
from lowlevel.rows import (
    DriverLibrary,
    SenselessAnswerError,
    SourceRows,
    UnknownDriverError,
)
from pipelines.catalog.columns import Column
from sandbox.engine import Engine
from tests.kit.tds_server import Server
from tests.kit.tds_strategies import BIGINT, DATETIME2, Answer, answers
from tests.kit.tds_stream import packets
from tests.kit.tds_stub import TdsStub, cut

FEATURES = b"\xae"
"""FEATUREEXTACK: where a link ends inside of it, FreeTDS reads on for ever."""

KINDS = [BIGINT, DATETIME2, b"\x26\x04", b"\x6a\x05\x09\x02", b"\xa5\xff\xff", b"\x28"]

LIES = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=9) | st.sampled_from(KINDS),
        st.sampled_from([True, True, True, False]),
    ),
    max_size=3,
)
"""At some part of an answer which octets come, and whether in the place of others."""


class Liar:
    """Reads what a stub says, over a connection each time."""

    def __init__(self, server: Server, stub: TdsStub) -> None:
        self._server = server
        self._stub = stub
        self._library = DriverLibrary()
        self._stack = ExitStack()
        self.outcomes: Counter[str] = Counter()

    def read(self, declared: dict[str, str], said: bytes, *, by_day: bool) -> None:
        def say(client: socket.socket) -> None:
            client.sendall(packets(said))
            cut(client)  # or a lie about what is still to come would be waited for

        self._stub.answer = say
        try:
            self._take(declared, by_day=by_day)
            outcome = "read"
        except (
            pymssql.Error,
            EncodeError,
            SenselessAnswerError,
            UnknownDriverError,
        ) as error:
            outcome = type(error).__name__
        self.outcomes[outcome] += 1
        self._stack.close()

    def _take(self, declared: dict[str, str], *, by_day: bool) -> None:
        port = str(self._stub.port)
        connection = self._stack.enter_context(
            closing(self._server.connect("master", port=port, timeout=5))
        )
        cursor = connection.cursor()
        cursor.execute("SELECT 1 WHERE q.")
        whole = {"id": "bigint", "at": "datetime2", **declared}
        columns = [Column.parse(*one).encoded for one in whole.items()]
        encoder = NativeEncoder(columns, key="id", source="x", etl_id=1)
        rows = SourceRows(
            self._library, cursor, columns, day_column="at", text_as_utf16=True
        )
        if not by_day:
            while rows.take(encoder, 100):
                pass
        while (day := rows.day()) is not None:
            while rows.take(encoder, 1 << 16, day if by_day else None):
                pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    until = time.monotonic() + asked.seconds
    with closing(Engine(None)) as engine, ExitStack() as stack:
        server = Server(engine)
        stack.callback(server.stop)
        stub = stack.enter_context(TdsStub(server.host, server.port, "WHERE q."))
        liar = Liar(server, stub)

        @settings(
            max_examples=100,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(answers(), answers(), st.booleans(), LIES)
        def lie(
            answer: Answer,
            other: Answer,
            is_another: bool,
            lies: list[tuple[float, bytes, bool]],
        ) -> None:
            octets = bytearray(answer.as_octets)
            for place, wrong, over in lies:
                at = int(place**3 * len(octets))  # most where the columns are told
                octets[at : at + len(wrong) * over] = wrong
            said = octets.replace(FEATURES, b"\0")
            expected = other.declared if is_another else {}
            declared = {
                name: expected.get(name, kind) for name, kind in answer.declared.items()
            }
            liar.read(declared, bytes(said), by_day=answer.days > 1)

        number = asked.seed
        while time.monotonic() < until:
            seed(number)(lie)()
            number += 1
    print(  # noqa: T201 - what is shown
        f"{liar.outcomes.total():,} answers: {dict(liar.outcomes)};"
        f" {lowlevel.rows.__file__}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
