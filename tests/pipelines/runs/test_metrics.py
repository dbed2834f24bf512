"""A run's figures for Prometheus."""

from __future__ import annotations

import re
import signal
import socket
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipelines.runs.metrics import LOOK_BACK
from sandbox.holds import Failure
from tests.kit.commands import Process
from tests.kit.project import DAY, ORDERS, Project, finished, insert, orders
from tests.kit.steps import STEPS


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Values by name and labels, of which the table comes first."""
    return {
        (
            sample.name.removeprefix("shardline_"),
            *(value for _, value in sorted(sample.labels.items(), reverse=True)),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("workers", ["2", pytest.param("1", marks=pytest.mark.long)])
def test_a_file_has_rows_bytes_seconds_retries_and_lag(
    project: Project, workers: str
) -> None:
    for name in ("first", "second"):
        insert(project, project.add_shard(name), orders(20))
    path = project.folder / "shardline.prom"
    project.options["metrics"] = {"textfile": str(path)}
    server, pattern = STEPS["extract"]
    hold = project.sandbox.control.hold(
        *(pattern,),
        action="fail",
        server=server,
        database=project.shards[0][2],
        failure=Failure(number=1205),
    )
    assert finished(project.start_load("--workers", workers)).code == 0
    project.sandbox.control.remove(hold)
    found = figures(path.read_text(encoding="utf-8"))
    assert found["run_rows", "orders"] == 40
    assert found["run_bytes", "orders"] > 40 * 8
    assert found["run_retries", "orders"] == 1
    assert found["run_days", "orders", "loaded"] == 2
    assert found["run_days", "orders", "failed"] == 1
    for stage in ("extract", "copy", "commit"):
        assert found["run_seconds", "orders", stage] > 0
    assert found["lag_days", "orders"] == LOOK_BACK
    assert found["run_exit_code",] == 0
    assert list(project.folder.glob("*.prom*")) == [path]


def test_the_lag_is_of_the_latest_complete_day(project: Project) -> None:
    project.add_shard("first")
    path = project.folder / "shardline.prom"
    project.options["metrics"] = {"textfile": str(path)}
    project.options["load"] = {"settle_minutes": "0"}
    # The shard's own date, which may become another one meanwhile.
    day = datetime.now(ZoneInfo("Europe/Moscow")).date() - timedelta(days=4)
    assert project.load(str(day)).code == 0
    assert figures(path.read_text(encoding="utf-8"))["lag_days", "orders"] in (3, 4)


def test_a_port_shows_them_while_the_run_goes_on(project: Project) -> None:
    insert(project, project.add_shard("first"), orders(5))
    project.create_target()
    free = _free_port()
    project.options["metrics"] = {"port": str(free)}
    process = project.start_load(paused=True)
    hold = project.hold(process, "extract")
    project.sandbox.control.wait(hold)
    url = f"http://127.0.0.1:{free}/metrics"
    with urllib.request.urlopen(url) as answer:
        text = answer.read().decode()
    project.sandbox.control.remove(hold)
    assert finished(process).code == 0
    assert ("run_start_timestamp_seconds",) in figures(text)
    assert not re.search("exit_code", text)


def test_a_file_that_cannot_be_written_is_named(project: Project) -> None:
    project.add_shard("first")
    project.options["metrics"] = {"textfile": "/nowhere/at/all.prom"}
    result = project.load(DAY)
    assert result.code == 2
    assert "[metrics] textfile: /nowhere/at/all.prom" in result.last_line


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def shard_fails(project: Project) -> Process:
    project.add_shard("bad", ddl="")
    return project.start_load()


def warehouse_is_away(project: Project) -> Process:
    project.options["warehouse"] = {"port": "1"}
    return project.start_load()


def etl_database_is_away(project: Project) -> Process:
    project.etl_database = "postgresql+psycopg://u@127.0.0.1:1/etl"
    return project.start_load()


def etl_database_is_wrong(project: Project) -> Process:
    project.etl_database = "sqlite:////nowhere/at/all.db"
    return project.start_load()


def port_is_taken(project: Project) -> Process:
    project.options["metrics"]["port"] = str(project.sandbox.addresses.vertica.port)
    return project.start_load()


def run_has_a_defect(project: Project) -> Process:
    project.tables = ORDERS.replace("[orders", "[mail")
    project.options["catalog"] = {"modules": "own"}
    (project.folder / "own.py").write_text(DEFECT, encoding="utf-8")
    words = ("PYTHONPATH=.", "shardline", "run", "mail", "--date", DAY)
    return project.start("env", *words)


def run_is_signalled(project: Project, number: signal.Signals) -> Process:
    project.create_target()
    process = project.start_load(paused=True, fresh=True)
    hold = project.hold(process, "extract")
    project.sandbox.control.wait(hold)
    process.send_signal(number)
    process.wait(60)
    project.sandbox.control.remove(hold)
    return process


DEFECT = """
from pipelines.tasks import LoadDay


class LoadMail(LoadDay):
    table = "mail"


def fail(self):
    raise RuntimeError("nothing of a run expects this")


LoadMail.shard_task.prepare = fail
"""


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        (shard_fails, 30),
        (warehouse_is_away, 30),
        (etl_database_is_away, 40),
        (etl_database_is_wrong, 2),
        (port_is_taken, 2),
        (run_has_a_defect, 40),
        (partial(run_is_signalled, number=signal.SIGTERM), 143),
        (partial(run_is_signalled, number=signal.SIGINT), 130),
    ],
)
def test_the_code_is_that_of_the_command_whatever_ends_it(
    project: Project, ends: Callable[[Project], Process], code: int
) -> None:
    insert(project, project.add_shard("first"), orders(5))
    project.create_target()
    path = project.folder / "shardline.prom"
    project.options["metrics"] = {"textfile": str(path)}
    result = finished(ends(project))
    found = figures(path.read_text(encoding="utf-8"))["run_exit_code",]
    assert (result.code, found) == (code, code), result.err
