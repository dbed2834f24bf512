"""A luigid that is none is one that does not answer."""

from __future__ import annotations

import json
import threading

import pytest
from luigi.rpc import RPCError

from pipelines.tasks import ForeignTaskError, PatientScheduler
from tests.fuzz.false_server import FalseServer
from tests.fuzz.mutations import Action, Say, Trickle
from tests.fuzz.telegram import Side, answer

WORK = {
    "task_id": None,
    "running_tasks": [],
    "n_pending_tasks": 0,
    "n_unique_pending": 0,
}


def luigid(*actions: Action) -> FalseServer:
    """Answers the first request so, and the others not at all."""
    return FalseServer(Side(), [[], [*actions]])


def scheduler(server: FalseServer) -> PatientScheduler:
    return PatientScheduler(f"http://127.0.0.1:{server.port}", patience=0)


def says(response: object) -> Action:
    return Say(answer(json.dumps({"response": response}).encode()))


@pytest.mark.parametrize(
    "said",
    [
        says([]),
        says("work"),
        says({}),
        says({**WORK, "task_id": 5}),
        says({**WORK, "running_tasks": 5}),
        says({**WORK, "n_pending_tasks": "many"}),
        Say(answer(b"[]")),
        Say(answer(b'{"response":' * 100_000)),
        Say(answer(b"\xff\xfe")),
        Say(answer(b"{}", b"Content-Encoding: gzip")),
        Say(answer(b"", b"Location: http://127.0.0.1:1/", status=b"307 Elsewhere")),
    ],
)
def test_garbage_is_no_answer(said: Action) -> None:
    with luigid(said) as server, pytest.raises(RPCError):
        scheduler(server).get_work(worker="w")


@pytest.mark.parametrize("said", [says([1]), says("x"), says({"rpc_messages": 1})])
def test_garbage_for_a_ping_is_no_answer(said: Action) -> None:
    with luigid(said) as server, pytest.raises(RPCError):
        scheduler(server).ping(worker="w")


def test_an_answer_without_end_is_refused() -> None:
    endless = says(["x" * 1_000] * 70_000)
    with luigid(endless) as server, pytest.raises(RPCError):
        scheduler(server).get_work(worker="w")


def test_an_answer_that_trickles_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUIGI_CONFIG_PATH", "")
    slow = Trickle(answer(b'{"response": null}' + b" " * 10_000))
    threads = threading.active_count()
    with luigid(slow) as server:
        remote = scheduler(server)
        remote._remote._connect_timeout = 0.4
        with pytest.raises(RPCError):
            remote.get_work(worker="w")
    assert threading.active_count() == threads


def test_a_batch_that_a_run_did_not_add_is_refused_too() -> None:
    batch = {**WORK, "batch_id": "b", "task_family": "T", "task_module": "os"}
    with luigid(says(batch)) as server, pytest.raises(ForeignTaskError, match="batch"):
        scheduler(server).get_work(worker="w")
