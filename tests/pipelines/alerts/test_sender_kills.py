"""A sender killed between any two of its steps loses nothing."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.alerts import Notice, Sender
from pipelines.alerts.channel import Receipt
from pipelines.alerts.incidents import close_incidents
from pipelines.alerts.sending.deliveries import anything_undelivered
from pipelines.config import Settings
from pipelines.etl_db import alerts_table, etl_engine, incidents_table
from tests.kit.filed_alerts import (
    DAY,
    FileChannel,
    append,
    expire_lease,
    failed,
    options,
)

FORK = multiprocessing.get_context("fork")
CAUSES = ("the server is away", "the login was refused")


def drain(settings: Settings, path: Path, dies_at: int) -> None:
    """Send all there is; die, without a word, at a step."""
    engine = etl_engine(settings.sessions.database)
    steps = itertools.count(1)

    def step(*_: object) -> None:
        """Count what leaves a trace, and nothing else."""
        if next(steps) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    class Channel(FileChannel):
        def deliver(
            self, notice: Notice, before: Receipt | None, deadline: float
        ) -> Receipt:
            step()
            receipt = super().deliver(notice, before, deadline)
            step()
            return receipt

    def wrote(_link: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("SELECT"):
            step()

    sa.event.listen(engine, "after_cursor_execute", wrote)
    sa.event.listen(engine, "commit", step)
    assert Sender(settings, engine, [Channel(path)]).drain()
    os._exit(0)


def ends_well(target: Callable[..., None], *arguments: object) -> bool:
    """Run a process to its end; whether it was not killed."""
    process = FORK.Process(target=target, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode == 0


def begin_anew(engine: sa.Engine) -> None:
    expire_lease(engine)
    with engine.begin() as connection:
        connection.execute(sa.delete(alerts_table))
        connection.execute(sa.delete(incidents_table))


@pytest.mark.long
def test_a_sender_killed_at_any_step_loses_no_incident(
    costly_etl_database: str, tmp_path: Path
) -> None:
    settings = options(costly_etl_database)
    engine = etl_engine(settings.sessions.database)
    for dies_at in itertools.count(1):
        begin_anew(engine)
        channel = FileChannel(tmp_path / f"chat {dies_at}")
        for cause in CAUSES:
            append(settings, failed(settings, "abakan", cause))
        survived = ends_well(drain, settings, channel.path, dies_at)
        append(settings, failed(settings, "chita", CAUSES[0]))
        expire_lease(engine)
        assert ends_well(drain, settings, channel.path, 0)
        numbers = {line["number"] for line in channel.lines()}
        assert len(numbers) == len(CAUSES)
        what = f"shards of LoadOrders {DAY} failed"
        last = {line["number"]: line["headline"] for line in channel.lines()}
        assert sorted(map(str, last.values())) == [
            f"1 of 150 {what}",
            f"2 of 150 {what}",
        ]
        assert not anything_undelivered(engine)
        with engine.begin() as connection:
            close_incidents(connection, [int(str(number)) for number in numbers])
        ends_well(drain, settings, channel.path, dies_at)
        expire_lease(engine)
        assert ends_well(drain, settings, channel.path, 0)
        ends = {line["number"] for line in channel.lines() if line["recovered"]}
        assert ends == numbers
        if survived:
            break
    assert dies_at > 25
