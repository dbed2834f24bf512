"""What Luigi's configuration offers works under `shardline`, or is refused by name."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import luigi.batch_notifier
import luigi.execution_summary
import luigi.notifications
import luigi.scheduler
import luigi.worker
import pytest
from luigi.interface import core
from luigi.retcodes import retcode

from sandbox.luigid import Luigid
from tests.kit.project import DAY, REPOSITORY, Project

SECTIONS = (
    core,
    luigi.worker.worker,
    luigi.scheduler.scheduler,
    retcode,
    luigi.execution_summary.execution_summary,
    luigi.notifications.email,
    luigi.notifications.smtp,
    luigi.notifications.sendgrid,
    luigi.batch_notifier.batch_email,
)
LOGGING = """[loggers]
keys = root
[handlers]
keys = file
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = file
[handler_file]
class = FileHandler
args = ({file!r},)
formatter = plain
[formatter_plain]
format = of the file: %(name)s %(message)s
"""


def test_the_document_has_every_option_of_luigis() -> None:
    text = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    told: dict[str, set[str]] = {}
    for section, options in re.findall(r"(?m)^\| `\[(\w+)\]` \| ([^|]*) \|", text):
        told.setdefault(section, set()).update(re.findall(r"`(\w+)`", options))
    for section in SECTIONS:
        assert told[section.__name__] == {name for name, _ in section.get_params()}


@pytest.mark.parametrize(
    ("section", "option", "value"),
    [
        ("core", "assistant", "true"),
        ("core", "no_lock", "false"),
        ("core", "take_lock", "true"),
        ("core", "lock_size", "2"),
        ("worker", "keep_alive", "true"),
        ("worker", "check_complete_on_run", "false"),
        ("retcode", "task_failed", "1"),
    ],
)
def test_what_a_run_cannot_do_is_refused_by_its_name(
    project: Project, section: str, option: str, value: str
) -> None:
    project.add_shard()
    project.options[section] = {option: value}
    result = project.load(DAY)
    (line,) = result.told
    assert result.code == 2
    assert f"[{section}] {option} = {value} is not for shardline: " in line


def test_a_logging_conf_file_says_how_to_log(project: Project, tmp_path: Path) -> None:
    project.add_shard()
    config, log = tmp_path / "logging.conf", tmp_path / "log"
    config.write_text(LOGGING.format(file=str(log)), encoding="utf-8")
    project.options["core"] = {"logging_conf_file": str(config)}
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    text = log.read_text(encoding="utf-8")
    assert "of the file: luigi-interface Done scheduling tasks" in text
    assert "of the file: pipelines.load.attempts skipped, 0 rows" in text


@pytest.mark.parametrize("text", [None, "no section here\n", "[loggers]\nkeys = x\n"])
def test_a_logging_conf_file_that_cannot_be_used_is_named(
    project: Project, tmp_path: Path, text: str | None
) -> None:
    project.add_shard()
    config = tmp_path / "logging.conf"
    if text is not None:
        config.write_text(text, encoding="utf-8")
    project.options["core"] = {"logging_conf_file": str(config)}
    result = project.load(DAY)
    (line,) = result.told
    assert result.code == 2
    assert f"[core] logging_conf_file: {config} cannot be used: " in line


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1", "luigid 127.0.0.1:80"),
        ("https://127.0.0.1/luigi", "luigid 127.0.0.1:443"),
        ("http://127.0.0.1:1/", "luigid 127.0.0.1:1"),
        ("http+unix://%2Ftmp%2Fluigid", "[core] scheduler_url: 'http+unix://"),
        (
            "http://u:s3cret@127.0.0.1:x",
            "[core] scheduler_url: 'http://***@127.0.0.1:x'",
        ),
    ],
)
def test_the_port_of_luigid_is_that_of_its_urls_scheme(
    project: Project, url: str, told: str
) -> None:
    project.add_shard()
    project.options["core"] = {"scheduler_url": url.replace("%", "%%")}
    result = project.load(DAY)
    assert told in result.last_line
    assert result.code == (2 if "[core]" in told else 30)
    assert "s3cret" not in result.err


def test_core_says_how_many_work_and_whether_without_luigid(project: Project) -> None:
    for _ in range(2):
        project.add_shard()
    nobody = {"scheduler_host": "127.0.0.1", "scheduler_port": "1"}
    project.options["core"] = {**nobody, "local_scheduler": "true", "workers": "2"}
    result = project.run("shardline", "run", "orders", "--date", DAY, "--verbose")
    assert result.code == 0
    assert "2 of 2 shards complete" in result.out
    assert "Running Worker with 2 processes" in result.err


def test_tasks_may_be_scheduled_in_parallel(project: Project) -> None:
    project.add_shard()
    project.options["core"] = {"parallel_scheduling": "true"}
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("by_luigi", [False, True], ids=["shardline", "luigi"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [("LUIGI_CONFIG_PARSER", "toml"), ("LUIGI_CONFIG_PATH", "luigi.toml")],
)
def test_a_luigi_toml_is_refused_in_one_line(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    by_luigi: bool,
) -> None:
    project.add_shard()
    (project.folder / "luigi.toml").write_text("[core]\n", encoding="utf-8")
    environment = project.environment() | {variable: value}
    if by_luigi:
        # Luigi alone tells of a package that is not installed.
        (project.folder / "toml.py").write_text("load = lambda path: {}\n")
        environment["PYTHONPATH"] = str(project.folder)
    monkeypatch.setattr(project, "environment", lambda: environment)
    shardline = ("shardline", "run", "orders", "--date", DAY)
    luigi = ("luigi", "--module", "pipelines.orders", "LoadOrders", "--date", DAY)
    words = (*luigi, "--local-scheduler") if by_luigi else shardline
    result = project.run(*words, fresh=True)
    assert result.code != 0
    assert f"{variable}={value}: shardline reads luigi.cfg only" in result.last_line
    assert by_luigi or len(result.told) == 1


class Proxy(BaseHTTPRequestHandler):
    """One that lets nothing through."""

    status = 403

    def do_POST(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def proxy(status: int) -> Iterator[str]:
    handler = type("Proxy", (Proxy,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("status", [200, 403])
def test_a_proxy_that_catches_the_calls_to_luigid_is_named(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    project.add_shard()
    with Luigid(tmp_path / "luigid") as luigid, proxy(status) as at:
        host, port = luigid.address
        project.options["core"] = {"scheduler_host": host, "scheduler_port": str(port)}
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", f"http://me:s3cret@{at}")
        result = project.load(DAY)
        assert result.code == 30
        assert f"luigid {host}:{port} (through the proxy http://***@{at})" in result.err
        assert f"name {host} in NO_PROXY" in result.last_line
        assert "s3cret" not in result.err
        monkeypatch.setenv("NO_PROXY", host)
        assert project.load(DAY).code == 0
