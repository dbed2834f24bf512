"""The documents cannot lie: what they tell to type is typed here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
import vertica_python

from benchmarks.__main__ import main as benchmarks_cli
from pipelines.commands import shardline
from sandbox.__main__ import main as sandbox_cli
from sandbox.clients import connect_vertica
from sandbox.process import SandboxProcess

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = [
    REPOSITORY / "README.md",
    REPOSITORY / "CHANGELOG.md",
    REPOSITORY / "SECURITY.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SHARDS = """server,shard,time_zone
mssql_0,abakan,Asia/Krasnoyarsk
mssql_1,chita,Asia/Chita
mssql_2,moscow,Europe/Moscow
"""


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of one language, without the indent of their list."""
    found = BLOCK.findall(document.read_text(encoding="utf-8"))
    return [
        re.sub(rf"(?m)^{indent}", "", text)
        for indent, kind, text in found
        if kind == language
    ]


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """A folder as a clone is after `make sandbox`, but with three shards."""
    shards = tmp_path / "shards.csv"
    shards.write_text(SHARDS, encoding="utf-8")
    config = (REPOSITORY / "luigi.cfg").read_text(encoding="utf-8")
    shown = "#; shards = pipelines/catalog/packaged/shards.csv"
    assert shown in config
    (tmp_path / "luigi.cfg").write_text(config.replace(shown, f"shards = {shards}"))
    (tmp_path / ".venv").symlink_to(sys.prefix)
    home = tmp_path / ".sandbox"
    with SandboxProcess(home, "--luigid", "--shards", str(shards)):
        yield tmp_path


def run(script: str, folder: Path, **environment: str) -> str:
    """Run a block of shell as a whole; every command in it must succeed."""
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.mark.timeout(400)
def test_what_the_readme_tells_to_type_works(clone: Path) -> None:
    (script,) = blocks(REPOSITORY / "README.md", "sh")
    told = run(script, clone)
    assert "orders 2019-03-14: 3 of 3 shards complete" in told
    assert "reports 2019-03-14: 5 refreshed" in told
    assert "Subject: Reports of 2019-03-14 are fresh" in told
    assert (clone / ".sandbox" / "mail" / "0001.html").is_file()
    assert "The chats are empty" in told
    again = run(
        ". .venv/bin/activate; shardline run orders --date 2019-03-11"
        " --date 2019-03-12 --date 2019-03-13 --date 2019-03-14 --date 2019-03-15",
        clone,
        LUIGI_CONFIG_PATH=".sandbox/luigi.cfg",
    )
    assert again.count("3 of 3 shards complete: 0 loaded, 0 skipped, 3 already") == 5


def test_a_connection_is_held_as_the_document_tells(
    sandbox: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (script,) = blocks(REPOSITORY / "docs" / "sandbox.md", "python")
    cut = threading.Event()

    def commit_until_cut() -> None:
        connection = connect_vertica(sandbox.addresses, autocommit=False)
        with suppress(vertica_python.errors.Error), connection:
            for _ in range(100_000):
                try:
                    connection.commit()
                except vertica_python.errors.ConnectionError:
                    cut.set()
                    return

    committing = threading.Thread(target=commit_until_cut)
    committing.start()
    (tmp_path / ".sandbox").symlink_to(sandbox.home)
    monkeypatch.chdir(tmp_path)
    exec(script, {})
    committing.join(30)
    assert cut.is_set()


def test_a_table_is_added_as_the_document_tells(clone: Path) -> None:
    guide = REPOSITORY / "docs" / "tables.md"
    (entry,), (module,) = blocks(guide, "toml"), blocks(guide, "python")
    (script,), (named,) = blocks(guide, "sh"), blocks(guide, "ini")
    packaged = REPOSITORY / "pipelines/catalog/packaged/tables.toml"
    tables = clone / "tables.toml"
    tables.write_text(packaged.read_text(encoding="utf-8") + entry, encoding="utf-8")
    config = (clone / "luigi.cfg").read_text(encoding="utf-8")
    shown = "#; tables = pipelines/catalog/packaged/tables.toml"
    assert shown in config
    config = config.replace(shown, f"tables = {tables}")
    (clone / "luigi.cfg").write_text(config, encoding="utf-8")
    make = """
import pymssql
from sandbox.addresses import read_addresses
from pathlib import Path
found = read_addresses(Path(".sandbox/addresses.json"))
shards = {"mssql_0": "abakan", "mssql_1": "chita", "mssql_2": "moscow"}
for server, database in shards.items():
    at = found.mssql[server]
    with pymssql.connect(server=at.host, port=str(at.port), user=found.user,
                         password=found.password, database=database,
                         autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE dbo.Payments (id bigint NOT NULL,"
                       " paid_at datetime2 NOT NULL, order_id bigint NULL,"
                       " method nvarchar(40) NULL)")
        cursor.execute("INSERT INTO dbo.Payments VALUES"
                       " (1, '2019-03-14T10:00:00', NULL, N'наличные')")
"""
    told = run(
        f". .venv/bin/activate; python - <<'E'\n{make}\nE\n{script}",
        clone,
        LUIGI_CONFIG_PATH=".sandbox/luigi.cfg",
    )
    assert "payments 2019-03-14: 3 of 3 shards complete: 3 loaded" in told
    (clone / "myteam").mkdir()
    (clone / "myteam" / "loads.py").write_text(module, encoding="utf-8")
    (clone / "luigi.cfg").write_text(
        config.replace("[catalog]", named), encoding="utf-8"
    )
    own = run(
        ". .venv/bin/activate; shardline run payments --date 2019-03-10;"
        "luigi --module myteam.loads LoadPayments --date 2019-03-11",
        clone,
        LUIGI_CONFIG_PATH=".sandbox/luigi.cfg",
        PYTHONPATH=str(clone),
    )
    assert "payments 2019-03-10: 3 of 3 shards complete: 0 loaded, 3 skipped" in own
    assert "3 LoadPaymentsShard(" in own


def test_a_range_is_loaded_as_the_document_tells(clone: Path) -> None:
    (script,) = blocks(REPOSITORY / "docs" / "backfill.md", "sh")
    fill = "python -m sandbox fill all --days 2019-03-01..2019-03-10"
    told = run(
        f". .venv/bin/activate; {fill}; {script}",
        clone,
        LUIGI_CONFIG_PATH=".sandbox/luigi.cfg",
    )
    assert "orders 2019-03-01 to 2019-03-10: 30 days of shards to do in 3" in told
    assert told.count("30 of 30 days of shards complete") == 5
    assert told.count('"replaced": 2') == 3


@pytest.mark.timeout(400)
def test_days_are_looked_at_and_mended_as_the_document_tells(clone: Path) -> None:
    (script,) = blocks(REPOSITORY / "docs" / "operating.md", "sh")
    told = run(script, clone)
    assert "to load: 15 days of shards by 3 extracts and 3 COPYs at most" in told
    assert "orders done" in told
    assert "  moscow  ? ? ? ■ ■" in told
    assert "compared 6 days of shards" in told
    assert "orders 2019-03-14 moscow: not loaded" in told
    assert "loaded again: 1 mended, 0 not" in told
    assert '"missing": 0' in told


def test_a_job_is_carried_out_as_the_document_tells(clone: Path) -> None:
    (script,) = blocks(REPOSITORY / "docs" / "jobs.md", "sh")
    told = run(script, clone)
    assert "#1\tqueued\t" in told
    assert "job 1 is cancelled" in told
    assert "job 1: succeeded (exit code 0)" in told
    assert "orders 2019-03-14: 3 of 3 shards complete: 3 loaded" in told
    assert '"done": 3' in told


def test_the_bot_is_talked_to_as_the_document_tells(clone: Path) -> None:
    _, script = blocks(REPOSITORY / "docs" / "bot.md", "sh")
    # What runs in the background has to end with it, whatever becomes of it.
    bounded = f"trap 'kill $(jobs -p) || true' EXIT\n{script}\ntrap - EXIT"
    words = ["timeout", "-k", "5", "250", "bash", "-euo", "pipefail", "-c", bounded]
    told = run(shlex.join(words), clone)
    assert "Welcome, Me. You are operator now" in told
    assert "orders 2019-03-15: 3 missing" in told
    assert "[ Do it ] [ Leave it ]" in told
    assert "Job 1" in told


def test_a_report_is_added_as_the_document_tells(clone: Path) -> None:
    guide = REPOSITORY / "docs" / "reports.md"
    (entry,), (template,) = blocks(guide, "toml"), blocks(guide, "jinja")
    (variables,), (script,) = blocks(guide, "ini"), blocks(guide, "sh")
    packaged = REPOSITORY / "pipelines/catalog/packaged/reports.toml"
    reports = clone / "reports.toml"
    reports.write_text(packaged.read_text(encoding="utf-8") + entry, encoding="utf-8")
    (clone / "busy_hours.sql").write_text(template, encoding="utf-8")
    config = (clone / "luigi.cfg").read_text(encoding="utf-8")
    shown = "#; reports = pipelines/catalog/packaged/reports.toml"
    assert shown in config
    config = config.replace(shown, f"reports = {reports}")
    config = config.replace("[variables]", variables)
    (clone / "luigi.cfg").write_text(config, encoding="utf-8")
    told = run(
        ". .venv/bin/activate; python -m sandbox fill all --days 2019-03-14;" + script,
        clone,
        LUIGI_CONFIG_PATH=".sandbox/luigi.cfg",
    )
    assert "NOT IN ('o''hara', 'test')" in told
    assert "HAVING COUNT(*) >= 2" in told
    assert "reports 2019-03-14: 1 refreshed" in told


def test_connections_are_listed_and_tested_as_the_document_tells(clone: Path) -> None:
    (script,) = blocks(REPOSITORY / "docs" / "connections.md", "sh")
    told = run(script, clone)
    assert "warehouse  vertica" in told
    assert told.count("  ok  Microsoft SQL Server") == 3
    assert '"told": "Vertica Analytic Database' in told


def test_the_connections_and_variables_that_the_document_shows_are_taken(
    tmp_path: Path,
) -> None:
    guide = REPOSITORY / "docs" / "connections.md"
    connections, trusted, variables = blocks(guide, "ini")
    (template,) = blocks(guide, "jinja")
    (tmp_path / "luigi.cfg").write_text(
        f"{connections}\n{trusted}\n{variables}", encoding="utf-8"
    )
    script = f"""
from jinja2 import Environment, StrictUndefined
from pipelines.commands.screens.connections import hide_secrets, list_connections
from pipelines.config import Variables, read_settings
for one in list_connections(read_settings()):
    assert not one.fault, one.fault
    print(one.name, *(hide_secrets(at).at for at in one.addresses))
template = Environment(undefined=StrictUndefined).from_string({template!r})
print(template.render(var=Variables()))
"""
    told = run(
        f"{sys.executable} - <<'E'\n{script}\nE",
        tmp_path,
        PYTHONPATH=str(REPOSITORY),
        WAREHOUSE_PASSWORD="a",
        SQLSERVER_PASSWORD="b%2F%25",
        STANDBY_PASSWORD="c",
        MAIL_PASSWORD="d",
        TELEGRAM_TOKEN="123456:ABC-d_f",
    )
    assert told.splitlines() == [
        "warehouse node1:5433 node2:5434",
        "mssql_0 sql0:1433 sql0-standby:1433",
        "mssql_1 sql1:1433 sql1-standby:1433",
        "mssql_2 sql2.example.com:1433",
        "mail relay.example.com:587",
        "telegram -1001234567890,@nightly_loads",
        "north 1001 500",
        "3 абакан 2",
        "абакан;чита;",
        "none",
    ]


def test_a_deployment_is_checked_as_the_document_tells(tmp_path: Path) -> None:
    guide = REPOSITORY / "docs" / "deploy.md"
    shutil.copytree(REPOSITORY / "deploy", tmp_path / "deploy")
    shutil.copy(REPOSITORY / "luigi.cfg", tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    script = "\n".join(blocks(guide, "sh"))
    editor = "sed -i s/CHANGE-ME/own/"
    told = run(script, tmp_path, PYTHONPATH=str(REPOSITORY), EDITOR=editor)
    assert "shardline run all --last 1 --workers 4" in told


def test_people_are_invited_and_listed_as_the_document_tells(tmp_path: Path) -> None:
    (script,) = blocks(REPOSITORY / "docs" / "people.md", "sh")
    shutil.copy(REPOSITORY / "luigi.cfg", tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    told = run(script, tmp_path, PYTHONPATH=str(REPOSITORY))
    assert "Anna Ivanova is invited as operator, once, until " in told
    assert "Boris\tanalyst\tinvited until " in told
    assert "Boris may do nothing from now on" in told
    assert told.count("\tdone\t") == 4
    assert '"arguments": "Boris --role viewer --hours 2"' in told


def test_the_targets_of_make_that_the_documents_name_exist() -> None:
    named = {
        target
        for document in DOCUMENTS
        for target in re.findall(
            r"(?:`|^ *)make ([a-z-]+)",
            document.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    }
    assert {"demo", "test", "test-all", "sandbox"} <= named
    helped = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    listed = set(re.findall(r"^  make (\S+)", helped, re.MULTILINE))
    assert named <= listed
    assert {"help", "demo", "test", "test-all", "lint", "sandbox", "clean"} <= listed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_files_that_a_document_links_to_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (document.parent / link).exists(), link


def test_the_tests_that_the_guarantees_name_exist() -> None:
    text = (REPOSITORY / "docs" / "guarantees.md").read_text(encoding="utf-8")
    names = re.findall(r"`((?:tests/[\w/]+)?(?:test_\w+\.py)?)`", text)
    tests = {path.name for path in (REPOSITORY / "tests").rglob("test_*.py")}
    named = {Path(name).name for name in names if name.endswith(".py")}
    assert named
    assert named <= tests
    for name in names:
        assert "/" not in name or (REPOSITORY / name).exists(), name


def commands(group: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(command, f"{path} {name}")


@pytest.mark.parametrize(
    ("path", "command"),
    [
        *commands(shardline, "shardline"),
        *commands(sandbox_cli, "python -m sandbox"),
        *commands(benchmarks_cli, "python -m benchmarks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_command_and_option_has_help(path: str, command: click.Command) -> None:
    assert command.help, path
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.name}"
