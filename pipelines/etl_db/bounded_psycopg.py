"""PostgreSQL's driver, with an end to each wait: it waits for an answer for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

import psycopg

ANSWER_SECONDS = 120.0
"""Most seconds for an answer; every statement of the log is a small one."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when an answer is late."""

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the original
        """Wait for an answer.

        Raises:
            psycopg.OperationalError: It is late.
        """
        return super().wait(_until_late(gen, self.pgconn.finish), *args, **options)


def _until_late(
    gen: Generator[Any, Any, Any], close: Callable[[], None]
) -> Generator[Any, Any, Any]:
    """What waits, as the driver drives it, until it is late."""
    end = time.monotonic() + ANSWER_SECONDS
    try:
        state = next(gen)
        while True:
            ready = yield state
            if time.monotonic() > end:
                close()
                raise psycopg.OperationalError(
                    f"there was no answer within {ANSWER_SECONDS:g} seconds"
                )
            state = gen.send(ready)
    except StopIteration as done:
        return done.value


def connect(
    _dialect: object, _record: object, arguments: Sequence[Any], options: dict[str, Any]
) -> BoundedConnection:
    """What SQLAlchemy connects with, as a listener to `do_connect`."""
    return BoundedConnection.connect(*arguments, **options)
