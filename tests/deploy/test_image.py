"""The images as they are shipped: built without an engine, run as another user."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.process import SandboxProcess
from tests.kit.images import LIMITS, REPOSITORY, Images, why_not
from tests.kit.project import DAY, Project, insert, orders
from tests.kit.steps import STEPS

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(3_600),  # the first build, on a base that is made first
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]
MOST_ADDED = 350_000_000
"""Bytes; with the extras bot, mail, metrics and postgresql."""

GRACE = 30
"""Seconds that orchestrators leave between SIGTERM and SIGKILL."""

ROWS = 500

READ_ONLY = ("--read-only", "--read-only-tmpfs=false")
"""As on Fargate: only what the image itself declares is a volume."""


@pytest.fixture(scope="session")
def images() -> Images:
    """Both images; tests that run at the same time wait for one build."""
    store = REPOSITORY / "build" / "images"
    store.mkdir(parents=True, exist_ok=True)
    with (store / "building").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return Images(store)


@pytest.fixture
def project(sandbox: SandboxProcess, tmp_path: Path) -> Project:
    """A project in a folder that the image's user may write to."""
    folder = tmp_path / "project"
    folder.mkdir()
    folder.chmod(0o777)
    return Project(folder, sandbox)


def options(project: Project) -> list[str]:
    """What a container needs to run in the project's folder, and reach the sandbox."""
    config = project.write()
    for file in project.folder.iterdir():
        file.chmod(0o666)
    folder = str(project.folder)
    return [
        *("--network", "host", "--volume", f"{folder}:{folder}", "--workdir", folder),
        *("--env", f"LUIGI_CONFIG_PATH={config}"),
    ]


def load(images: Images, project: Project, *more: str) -> tuple[int, str]:
    words = ("shardline", "run", "orders", "--date", DAY)
    ended = images.run(*words, options=[*options(project), *more])
    return ended.returncode, ended.stdout + ended.stderr


def state(project: Project) -> tuple[int, int]:
    """How many rows and markers the warehouse has, at one moment.

    It may be carrying out the COMMIT of a load that is gone.
    """
    ((rows, markers),) = project.on_warehouse(
        f"SELECT (SELECT COUNT(*) FROM {project.target}), (SELECT COUNT(*)"
        f" FROM stage.markers WHERE target_table = '{project.target}')"
    )
    return int(str(rows)), int(str(markers))


def shell(images: Images, script: str) -> str:
    return images.run("sh", "-c", script).stdout.strip()


def test_they_add_little_to_their_base(images: Images) -> None:
    for image in (images.pipelines, images.luigid):
        assert images.added(image) <= MOST_ADDED


def test_they_run_as_a_user_other_than_root_known_by_number(images: Images) -> None:
    assert shell(images, "echo $(id -u):$(id -g)") == "10001:10001"
    for image in (images.pipelines, images.luigid):
        told = images.podman("image", "inspect", "-f", "{{.User}}", image)
        assert told.stdout.strip() == "10001:10001"


def test_nothing_that_only_a_build_needs_is_in_them(images: Images) -> None:
    assert shell(images, "command -v gcc cc ld") == ""
    for module in ("sandbox", "pip", "Cython", "setuptools", "pytest"):
        python = f"import importlib.util as u; print(u.find_spec({module!r}))"
        assert shell(images, f"python -c {shlex.quote(python)}") == "None"
    writable = "find / -xdev -user 10001 ! -path '/proc/*' | sort"
    assert shell(images, writable).splitlines()[:1] == ["/home/shardline"]
    assert shell(images, "ls -d /root/.cache /home/shardline/.cache 2>/dev/null") == ""


def test_the_extras_that_they_are_made_with_are_there(images: Images) -> None:
    script = (
        "import matplotlib.pyplot, pandas, psycopg, prometheus_client, telegram;"
        "import pipelines.mail.plots"
    )
    ended = images.run("python", "-c", script)
    assert ended.returncode == 0, ended.stderr


def test_they_tell_what_they_are_made_of(images: Images) -> None:
    script = (
        "from importlib.metadata import distributions as d;"
        "print(*(one.name + '==' + one.version for one in d()))"
    )
    installed = set(images.run("python", "-c", script).stdout.split())
    folder = "/opt/shardline/share/doc/shardline"
    bom = json.loads(shell(images, f"cat {folder}/sbom.cdx.json"))
    parts = [bom["metadata"]["component"], *bom["components"]]
    assert {f"{one['name']}=={one['version']}" for one in parts} == installed
    notices = shell(images, f"cat {folder}/THIRD-PARTY-NOTICES.txt")
    assert all(f"{one['name']} {one['version']}\n" in notices for one in parts[1:])


def test_shardline_tells_its_version_and_its_commands(images: Images) -> None:
    for word in ("--version", "--help"):
        told = images.podman("run", "--rm", *LIMITS, images.pipelines, word)
        assert told.returncode == 0, told.stderr
        assert "shardline" in told.stdout


def test_what_is_not_set_is_named_before_anything_starts(images: Images) -> None:
    words = ("run", "all", "--date", DAY)
    ended = images.podman("run", "--rm", *LIMITS, images.pipelines, *words)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    for name in ("WAREHOUSE_PASSWORD", "TELEGRAM_TOKEN", "LUIGI_SCHEDULER_URL"):
        assert name in line


def healthy(images: Images, container: str) -> None:
    """Return when luigid's own health check passes."""
    deadline = time.monotonic() + 120
    while (check := images.podman("exec", container, "luigid-healthy")).returncode:
        assert "luigid does not answer" in check.stderr
        assert time.monotonic() < deadline, check.stderr
        time.sleep(0.5)


def asked(images: Images, container: str, question: str) -> str:
    """What the luigid of a container answers."""
    script = f"""
from luigi.rpc import RemoteScheduler
luigid = RemoteScheduler("http://127.0.0.1:8082")
print({question})
"""
    told = images.podman("exec", container, "python", "-c", script)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_luigid_is_healthy_and_hands_its_state_to_its_successor(
    images: Images,
) -> None:
    volume = f"shardline-state-{os.getpid()}"
    mounted = ("--volume", f"{volume}:/var/lib/luigi-server", "--network", "none")
    mounted += READ_ONLY
    try:
        with images.started(images.luigid, options=mounted) as first:
            healthy(images, first)
            asked(images, first, "luigid.add_task(worker='w', task_id='kept')")
            assert stopped(images, first) == 0
        with images.started(images.luigid, options=mounted) as second:
            healthy(images, second)
            assert "kept" in asked(images, second, "luigid.task_list('PENDING', '')")
            assert stopped(images, second) == 0
    finally:
        images.podman("volume", "rm", "--force", volume)


def stopped(images: Images, container: str) -> int:
    """Its exit code, after it was told to end as orchestrators do."""
    images.podman("stop", "--time", str(GRACE), container)
    told = images.podman("inspect", "-f", "{{.State.ExitCode}}", container)
    return int(told.stdout)


def test_a_load_succeeds(images: Images, project: Project) -> None:
    project.loadable(ROWS)
    code, told = load(images, project)
    assert code == 0, told
    assert "1 of 1 shards complete: 1 loaded" in told
    assert state(project) == (ROWS, 1)
    assert project.outcomes() == ["loaded"]


def test_a_load_writes_nowhere_but_to_volumes(images: Images, project: Project) -> None:
    project.loadable(ROWS)
    code, told = load(images, project, *READ_ONLY)
    assert code == 0, told
    assert state(project) == (ROWS, 1)
    script = "echo 1 > /tmp/a && echo 1 > ~/a && ! echo 1 > /opt/shardline/a"
    ended = images.run("sh", "-ec", script, options=READ_ONLY)
    assert ended.returncode == 0, ended.stderr
    assert "Read-only file system" in ended.stderr


@pytest.fixture
def two_shards(project: Project) -> Iterator[Project]:
    for _ in range(2):
        insert(project, project.add_shard(), orders(ROWS))
    project.create_target()
    yield project
    project.sandbox.control.release()


@pytest.mark.parametrize("step", ["extract", "copy", "insert the marker", "commit"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_to_process_1_ends_a_load_in_time_with_all_rows_or_none(
    images: Images, two_shards: Project, step: str, workers: str
) -> None:
    project = two_shards
    control = project.sandbox.control
    server, pattern = STEPS[step]
    hold = control.hold(pattern, server=server)
    words = ("run", "orders", "--date", DAY, "--workers", workers)
    with images.started(images.pipelines, *words, options=options(project)) as running:
        control.wait(hold, timeout=120)
        first = images.podman("exec", running, "cat", "/proc/1/comm").stdout
        assert first.strip() == "shardline"
        code = stopped(images, running)
        log = images.podman("logs", running)
        assert code == 143, log.stdout + log.stderr
        assert "run it again" in log.stderr.splitlines()[-1]
    control.remove(hold)
    rows, markers = state(project)
    assert rows == ROWS * markers
    code, told = load(images, project)
    assert code == 0, told
    assert state(project) == (2 * ROWS, 2)
