"""A sender that stays, as the bot's does: what others leave to it, and what not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipelines.alerts import Lease, LeaseLostError, Notice, Sender, list_incidents
from pipelines.alerts.channel import ChannelBusyError, Receipt
from pipelines.alerts.sending import sender
from pipelines.config import Settings
from pipelines.etl_db import etl_engine, sender_table
from tests.kit.failing_shards import two_of_three_fail
from tests.kit.filed_alerts import (
    Scripted,
    append,
    expire_lease,
    failed,
    options,
)
from tests.kit.project import DAY, Project
from tests.kit.waiting import until

FOR_LONG = ChannelBusyError("too many requests", retry_after=3_600)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "POLL", 0.02)
    monkeypatch.setattr(sender, "LEASE_POLL", 0.02)


@pytest.fixture
def settings(etl_database: str) -> Settings:
    return options(etl_database)


@pytest.fixture
def engine(settings: Settings) -> Engine:
    return etl_engine(settings.sessions.database)


def staying(settings: Settings, engine: Engine, chat: Scripted) -> Sender:
    return Sender(settings, engine, [chat], stays=True)


@contextmanager
def followed(one: Sender) -> Iterator[threading.Event]:
    """A sender that follows until the end, or until the event is set."""
    ended = threading.Event()
    thread = threading.Thread(target=one.follow, args=(ended,))
    thread.start()
    try:
        yield ended
    finally:
        ended.set()
        thread.join(60)
        assert not thread.is_alive()


@contextmanager
def begun(work: Callable[[], Any]) -> Iterator[Future[Any]]:
    with ThreadPoolExecutor(1) as threads:
        yield threads.submit(work)


class Looks:
    """Counts how often somebody else's lease was tried to be taken."""

    def __init__(self, engine: Engine) -> None:
        self._more = threading.Semaphore(0)

        def count(*of_statement: object) -> None:
            if str(of_statement[2]).startswith("UPDATE sender SET holder"):
                self._more.release()

        sa.event.listen(engine, "after_cursor_execute", count)

    def wait(self, times: int) -> None:
        for _ in range(times):
            assert self._more.acquire(timeout=60)


def holder(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sender_table.c.holder))


def test_what_is_seen_to_is_left_to_a_sender_that_stays_and_is_alive(
    settings: Settings, engine: Engine
) -> None:
    bot, run = Scripted("chat", [FOR_LONG]), Scripted("chat")
    with followed(staying(settings, engine, bot)):
        until(lambda: holder(engine))
        append(settings, failed(settings, "abakan"))
        with pytest.raises(LeaseLostError):  # without an end
            Sender(settings, engine, [run]).drain()
        assert len(list_incidents(engine, also_closed=False)) == 1
    assert run.taken == []


def test_nothing_is_left_to_one_that_died_and_who_waits_takes_its_lease(
    settings: Settings, engine: Engine
) -> None:
    dead, run = (
        staying(settings, engine, Scripted("chat", [FOR_LONG])),
        Scripted("chat"),
    )
    append(settings, failed(settings, "abakan"))
    assert dead.lease.take()
    dead.send()
    looks = Looks(engine)
    with begun(Sender(settings, engine, [run]).drain) as drained:
        looks.wait(3)
        assert not drained.done()
        expire_lease(engine)
        assert drained.result(60)
    assert len(run.taken) == 1


def test_nothing_is_left_to_one_that_does_not_stay_however_alive(
    settings: Settings, engine: Engine
) -> None:
    lists, run = Lease(engine, 60), Scripted("chat")
    append(settings, failed(settings, "abakan"))
    other = Sender(settings, engine, [Scripted("chat", [FOR_LONG])])
    assert other.lease.take()
    other.send()
    other.lease.release()
    assert lists.take()
    looks = Looks(engine)
    with begun(Sender(settings, engine, [run]).drain) as drained:
        for _ in range(3):
            looks.wait(2)
            assert lists.take()
        assert not drained.done()
        lists.release()
        assert drained.result(60)
    assert len(run.taken) == 1


def test_it_waits_for_the_lease_and_then_has_it_also_while_nothing_is_to_be_sent(
    settings: Settings, engine: Engine
) -> None:
    first, chat = Lease(engine, 60), Scripted("chat")
    assert first.take()
    append(settings, failed(settings, "abakan"))
    looks = Looks(engine)
    with followed(staying(settings, engine, chat)):
        looks.wait(3)
        assert chat.taken == []
        first.release()
        until(lambda: chat.taken)
        until(lambda: str(holder(engine)).endswith(" stays"))
        assert not first.take()
    assert holder(engine) is None
    assert first.take()


def test_what_was_left_to_it_is_sent_before_it_ends(
    settings: Settings, engine: Engine
) -> None:
    chat, ended = Scripted("chat"), threading.Event()
    append(settings, failed(settings, "abakan"))
    ended.set()
    staying(settings, engine, chat).follow(ended)
    assert len(chat.taken) == 1
    assert holder(engine) is None


def test_when_it_is_told_to_end_no_other_delivery_is_begun(
    settings: Settings, engine: Engine
) -> None:
    ended = threading.Event()

    class Ending(Scripted):
        def deliver(
            self, notice: Notice, before: Receipt | None, deadline: float
        ) -> Receipt:
            ended.set()
            return super().deliver(notice, before, deadline)

    chat = Ending("chat")
    append(settings, failed(settings, "abakan"), failed(settings, "chita", "another"))
    Sender(settings, engine, [chat]).follow(ended)
    assert len(chat.taken) == 1


def test_who_has_left_the_lease_never_takes_it_again(engine: Engine) -> None:
    first, second = Lease(engine, 60), Lease(engine, 60)
    assert first.take()
    first.leave()
    assert not first.take()
    with pytest.raises(LeaseLostError), first.held():
        pass
    assert second.take()


def test_a_run_ends_at_once_while_a_sender_stays_and_tells_what_failed_in_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_of_three_fail(project)
    project.options["alerts"] = {"channels": "mail", "patience": "3600"}
    gone = "smtp://127.0.0.1:1/?security=none&from=a@x.example&to=b@x.example"
    monkeypatch.setenv("SHARDLINE_CONNECTION_MAIL", gone)
    settings = options(project.etl_database, project.warehouse)
    chat = Scripted("chat")
    one = staying(settings, etl_engine(settings.sessions.database), chat)
    with followed(one):
        until(lambda: holder(one.lease.engine))
        result = project.load(DAY)
        assert result.code == 30
        assert "not sent" not in result.err
        until(lambda: chat.taken)
    assert {notice.number for notice, _ in chat.taken} == {1}
