"""A luigid and two workers, each on a host of its own, as containers are."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

import psutil
import pytest
import sqlalchemy as sa
from luigi.rpc import RemoteScheduler

from pipelines.etl_db import sessions_table
from sandbox.holds import Caught
from sandbox.process import SandboxProcess
from tests.kit.hosts import Host, Network, network, why_not
from tests.kit.project import BIN, DAY, REPOSITORY, Project, insert, orders

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1_200),
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]
ROWS = 50
SHARDS = 9
WORKERS = 2
"""Loads at a time on each host."""

PATIENCE = 400.0
"""Seconds: luigid drops a silent worker within two minutes, and TCP waits for two."""


@pytest.fixture
def three_hosts() -> Iterator[Network]:
    with network("luigid", "worker-1", "worker-2") as made:
        yield made


@pytest.fixture
def project(three_hosts: Network, tmp_path: Path) -> Iterator[Project]:
    """A project whose servers and luigid are reached from every host."""
    sandbox = SandboxProcess(tmp_path / "sandbox", "--host", three_hosts.address)
    with sandbox as running:
        made = Project(tmp_path, running)
        for number in range(SHARDS):
            server = f"mssql_{number % 3}"
            shard = made.add_shard(f"shard {number}", server=server)
            insert(made, shard, orders(ROWS))
        made.create_target()
        luigid = three_hosts.hosts["luigid"]
        made.options["core"] = {"scheduler_url": page(luigid)}
        yield made
        running.control.release()


def page(luigid: Host) -> str:
    return f"http://{luigid.address}:8082"


@contextmanager
def running_luigid(host: Host, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """luigid as its container runs it, but for the folder of its state."""
    overlay = {"LUIGI_CONFIG_PATH": str(REPOSITORY / "deploy" / "luigi.cfg")}
    process = host.start(
        *(str(BIN / "luigid"), "--state-path", str(folder / "state.pickle")),
        cwd=REPOSITORY,
        env={**os.environ, **overlay},
        output=folder / "luigid.log",
    )
    try:
        wait_until_it_answers(host)
        yield process
    finally:
        end(process)


def wait_until_it_answers(luigid: Host) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(URLError, OSError):
            request = urllib.request.Request(page(luigid), method="HEAD")
            urllib.request.urlopen(request, timeout=5).close()
            return
        time.sleep(0.1)
    pytest.fail("luigid does not answer")


@contextmanager
def running_load(host: Host, project: Project) -> Iterator[subprocess.Popen[bytes]]:
    process = host.start(
        *(str(BIN / "shardline"), "run", "orders", "--date", DAY),
        *("--workers", str(WORKERS)),
        cwd=project.folder,
        env=project.environment(),
        output=project.folder / f"{host.name}.log",
    )
    try:
        yield process
    finally:
        end(process)


def running_loads(luigid: Host) -> int:
    """How many shards luigid knows to be loaded now."""
    tasks = RemoteScheduler(page(luigid)).task_list("RUNNING", "")
    return sum(task["name"] == "LoadOrdersShard" for task in tasks.values())


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def loads_of(process: subprocess.Popen[bytes], caught: list[Caught]) -> int:
    """How many of the loads that are held are a worker's."""
    children = psutil.Process(process.pid).children(recursive=True)
    return len({child.pid for child in children} & {one.client_pid for one in caught})


def log(project: Project, host: str) -> str:
    return (project.folder / f"{host}.log").read_text(encoding="utf-8")


def loaded_by_host(project: Project) -> Counter[str]:
    sessions = sessions_table
    query = sa.select(sessions.c.host).where(sessions.c.outcome == "loaded")
    with project.log() as connection:
        return Counter(connection.scalars(query))


def test_a_day_completes_once_though_a_host_is_cut_off_and_luigid_is_replaced(
    three_hosts: Network, project: Project, tmp_path: Path
) -> None:
    luigid, one, two = three_hosts.hosts.values()
    control = project.sandbox.control
    both = 2 * WORKERS
    first = control.hold("^COPY ", server="vertica", times=both)
    with (
        running_luigid(luigid, tmp_path) as replaced,
        running_load(one, project) as load_1,
        running_load(two, project) as load_2,
    ):
        shared = control.wait(first, count=both, timeout=PATIENCE)
        assert loads_of(load_1, shared) == loads_of(load_2, shared) == WORKERS
        assert running_loads(luigid) == both
        replaced.send_signal(signal.SIGTERM)
        assert replaced.wait(60) == 0
        with running_luigid(luigid, tmp_path):
            assert running_loads(luigid) == both
            second = control.hold("^COPY ", server="vertica", times=both)
            control.remove(first)
            in_mid_load = control.wait(second, count=both, timeout=PATIENCE)
            assert loads_of(load_2, in_mid_load) == WORKERS
            two.cut_off()
            control.remove(second)
            assert load_1.wait(PATIENCE) == 0, log(project, "worker-1")
            assert len(project.markers()) == SHARDS
            assert load_2.poll() is None
            two.come_back()
            assert load_2.wait(PATIENCE) == 0, log(project, "worker-2")
    assert f"{SHARDS} of {SHARDS} shards complete" in log(project, "worker-1")
    assert f"{SHARDS} of {SHARDS} shards complete" in log(project, "worker-2")
    assert [marker[2] for marker in project.markers()] == [ROWS] * SHARDS
    ((rows, distinct),) = project.on_warehouse(
        f"SELECT COUNT(*), COUNT(DISTINCT hash_id) FROM {project.target}"
    )
    assert rows == distinct == ROWS * SHARDS
    by_host = loaded_by_host(project)
    assert by_host == {"worker-1": SHARDS - WORKERS, "worker-2": WORKERS}
