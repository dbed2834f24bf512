"""What takes a while is found out by a process of a pool, with a context of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pipelines.config import Settings
from pipelines.etl_db import etl_engine
from pipelines.operations.access.callers import Caller
from pipelines.operations.arguments import Arguments
from pipelines.operations.audit.job_ends import audited_queue
from pipelines.operations.verb import Context, Slow
from pipelines.runtime import ProcessPool

A = TypeVar("A", bound=Arguments)
T = TypeVar("T")

SLOW_MODULES = (
    "matplotlib.backends.backend_agg",
    "pandas",
    "vertica_python",
    "pipelines.operations.table",
)
"""What such a process imports beforehand: what takes a while to be imported."""


def ask_elsewhere(pool: ProcessPool) -> Slow:
    """Have what takes a while found out by the processes of a pool."""

    def slow(question: Callable[[Context, A], T], context: Context, arguments: A) -> T:
        caller, place, settings = context.caller, context.place, context.settings()
        return pool.call(_ask, question, caller, place, settings, arguments)

    return slow


def _ask(
    question: Callable[[Context, A], T],
    caller: Caller,
    place: str,
    settings: Settings,
    arguments: A,
) -> T:
    context = Context(
        caller,
        place,
        lambda: etl_engine(settings.sessions.database),
        lambda: settings,
        audited_queue,
    )
    return question(context, arguments)
