"""`python -m sandbox serve`: starting, being found, stopping."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from contextlib import closing
from pathlib import Path

import pymssql
import pytest

from sandbox.addresses import read_addresses
from sandbox.clients import connect_mssql, connect_vertica
from sandbox.process import SandboxProcess
from sandbox.shards import Shard, ShardsError, read_shards, write_shards

CATALOG = Path(__file__).parents[2] / "pipelines/catalog/packaged/shards.csv"
SERVE = [sys.executable, "-m", "sandbox", "serve"]


@pytest.fixture
def one_shard(tmp_path: Path) -> Path:
    path = tmp_path / "shards.csv"
    write_shards(path, [Shard("mssql_0", "abakan", "Asia/Krasnoyarsk")])
    return path


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_all_150_databases_are_served_from_the_start(sandbox: SandboxProcess) -> None:
    served = set()
    for server in sandbox.addresses.mssql:
        with closing(connect_mssql(sandbox.addresses, server, "master")) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT name FROM sys.databases")
            served.update((server, name) for (name,) in cursor.fetchall())
    known = {(shard.server, shard.database) for shard in read_shards(CATALOG)}
    assert len(known) == 150
    assert known <= served


def test_every_server_answers_its_real_driver(sandbox: SandboxProcess) -> None:
    found = sandbox.addresses
    assert list(found.mssql) == ["mssql_0", "mssql_1", "mssql_2"]
    for server, database in (
        ("mssql_0", "abakan"),
        ("mssql_1", "khimki"),
        ("mssql_2", "moscow"),
    ):
        with closing(connect_mssql(found, server, database)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT DB_NAME()")
            assert cursor.fetchone() == (database,)
    with closing(connect_vertica(found)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == [1]


def test_everything_listens_on_loopback_only(sandbox: SandboxProcess) -> None:
    found = sandbox.addresses
    everything = [
        *(*found.mssql.values(), found.vertica),
        *(found.telegram, found.smtp, found.control),
    ]
    assert {address.host for address in everything} == {"127.0.0.1"}


def test_luigi_cfg_leads_to_the_servers(sandbox: SandboxProcess) -> None:
    config = ConfigParser()
    config.read(sandbox.luigi_cfg)
    found = sandbox.addresses
    assert dict(config["warehouse"]) == {
        "host": "127.0.0.1",
        "port": str(found.vertica.port),
        "user": "shardline",
        "password": "shardline",
        "tls_cafile": str(sandbox.home / "authority.pem"),
        "database": "warehouse",
    }
    assert config["sqlserver"]["tls_cafile"] == str(sandbox.home / "authority.pem")
    assert (sandbox.home / "authority.pem").read_text() == found.authority
    assert config["connections"]["telegram"] == (
        f"telegram://1:sandbox@-1001?api=http://127.0.0.1:{found.telegram.port}"
    )
    assert f"127.0.0.1:{found.smtp.port}/" in config["connections"]["mail"]
    assert config["mssql_2"]["port"] == str(found.mssql["mssql_2"].port)
    assert stat.S_IMODE(sandbox.luigi_cfg.stat().st_mode) == 0o600


def test_the_password_is_that_of_the_environment(
    tmp_path: Path, one_shard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARDLINE_SANDBOX_PASSWORD", "100% secret")
    with SandboxProcess(tmp_path / "home", "--shards", str(one_shard)) as running:
        config = ConfigParser()
        config.read(running.luigi_cfg)
        assert config["mssql_0"]["password"] == "100% secret"
        connect_mssql(running.addresses, "mssql_0", "abakan").close()
        connect_vertica(running.addresses).close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(
    tmp_path: Path, one_shard: Path, number: signal.Signals
) -> None:
    addresses_file = tmp_path / "home" / "addresses.json"
    with subprocess.Popen(
        [
            *(*SERVE, "--ephemeral", "--home", str(tmp_path / "home")),
            *("--shards", str(one_shard)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith("ready: 1 data") for line in process.stdout)
        open_connection = connect_mssql(
            read_addresses(addresses_file), "mssql_0", "abakan"
        )
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        open_connection.close()
    assert (process.returncode, errors) == (0, "")
    assert list((tmp_path / "home").iterdir()) == []


def test_a_held_connection_does_not_keep_it_from_stopping(
    tmp_path: Path, one_shard: Path
) -> None:
    with (
        SandboxProcess(tmp_path / "home", "--shards", str(one_shard)) as running,
        closing(connect_mssql(running.addresses, "mssql_0", "abakan")) as connection,
        ThreadPoolExecutor(1) as pool,
    ):
        hold = running.control.hold("SELECT 5")
        answer = pool.submit(connection.cursor().execute, "SELECT 5")
        running.control.wait(hold)
        running.control.stop()
        with pytest.raises(pymssql.OperationalError):
            answer.result(30)


def test_the_end_of_its_input_stops_it(tmp_path: Path, one_shard: Path) -> None:
    options = ["--ephemeral", "--until-eof", "--shards", str(one_shard)]
    done = subprocess.run(
        [*SERVE, *options, "--home", str(tmp_path / "home")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0


def test_a_taken_port_is_one_line(tmp_path: Path, one_shard: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(
            *("serve", "--vertica-port", str(port), "--mssql-port", "0"),
            *("--telegram-port", "0", "--smtp-port", "0"),
            *("--home", str(tmp_path / "home"), "--shards", str(one_shard)),
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: port {port} (vertica): Address already in use;"
        " choose another, or take free ones with --ephemeral\n"
    )
    assert not (tmp_path / "home").exists()


def test_data_in_a_folder_outlives_the_sandbox(tmp_path: Path) -> None:
    name = "Queen's / Village [1]"
    write_shards(tmp_path / "shards.csv", [Shard("mssql_1", name)])
    options = ("--data", str(tmp_path / "data"), "--shards")
    with (
        SandboxProcess(
            tmp_path / "home", *options, str(tmp_path / "shards.csv")
        ) as running,
        closing(connect_mssql(running.addresses, "mssql_1", name)) as connection,
    ):
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE t (at datetime2 NOT NULL)")
        cursor.execute("INSERT INTO t VALUES ('2019-03-14T15:09:26.535897')")
    with (
        SandboxProcess(
            tmp_path / "home", *options, str(tmp_path / "shards.csv")
        ) as running,
        closing(connect_mssql(running.addresses, "mssql_1", name)) as connection,
    ):
        cursor = connection.cursor()
        cursor.execute("SELECT at FROM t")
        ((at,),) = cursor.fetchall()
    assert str(at) == "2019-03-14 15:09:26.535897"


def test_luigid_is_started_found_and_stopped(tmp_path: Path, one_shard: Path) -> None:
    options = ("--luigid", "--shards", str(one_shard))
    with SandboxProcess(tmp_path / "home", *options) as running:
        luigid = running.addresses.luigid
        assert luigid is not None
        url = f"http://{luigid.host}:{luigid.port}/"
        request = urllib.request.Request(url, method="HEAD")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 204
        config = ConfigParser()
        config.read(running.luigi_cfg)
        assert config["core"]["scheduler_port"] == str(luigid.port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(luigid, timeout=10)
    assert (tmp_path / "home" / "luigid.state").is_file()


def test_all_that_it_writes_is_for_its_owner_only(
    tmp_path: Path, one_shard: Path
) -> None:
    data, home = tmp_path / "data", tmp_path / "home"
    options = ("--luigid", "--shards", str(one_shard), "--data", str(data))
    with SandboxProcess(home, *options) as running:
        connect_mssql(running.addresses, "mssql_0", "abakan").close()
        written = [*data.rglob("*"), *home.rglob("*"), data, home]
        modes = {str(one): stat.S_IMODE(one.stat().st_mode) & 0o077 for one in written}
    assert len(modes) > 6
    assert {path for path, others in modes.items() if others} == set()


def test_what_was_planted_in_its_folder_is_neither_followed_nor_loaded(
    tmp_path: Path, one_shard: Path
) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    planted = f"cos\nsystem\n(S'touch {tmp_path / 'ran'}'\ntR."
    (home / "luigid.state").write_text(planted, encoding="ascii")
    other.write_text("untouched", encoding="utf-8")
    for name in ("addresses.json", "luigi.cfg", "luigid.out", "sandbox.err"):
        (home / name).symlink_to(other)
    with SandboxProcess(home, "--luigid", "--shards", str(one_shard)) as running:
        assert running.addresses.luigid
    assert other.read_text(encoding="utf-8") == "untouched"
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_is_a_link_is_one_line(tmp_path: Path, one_shard: Path) -> None:
    (tmp_path / "linked").symlink_to(tmp_path)
    home = str(tmp_path / "linked")
    done = run("serve", "--ephemeral", "--home", home, "--shards", str(one_shard))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"{home} is a symbolic link" in line


def test_a_database_can_be_made_while_it_runs(sandbox: SandboxProcess) -> None:
    name = f'O\'Hare "{os.getpid()}" ]['
    sandbox.control.create_database("mssql_2", name)
    with closing(connect_mssql(sandbox.addresses, "mssql_2", name)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT DB_NAME()")
        assert cursor.fetchone() == (name,)


def test_addresses_are_read_by_programs(sandbox: SandboxProcess) -> None:
    fields = json.loads((sandbox.home / "addresses.json").read_text())
    assert fields["vertica"] == ["127.0.0.1", sandbox.addresses.vertica.port]
    assert fields["telegram"] == ["127.0.0.1", sandbox.addresses.telegram.port]
    assert fields["smtp"] == ["127.0.0.1", sandbox.addresses.smtp.port]
    assert (fields["token"], fields["pid"] > 0) == ("1:sandbox", True)


def test_every_command_explains_itself() -> None:
    for command in ([], ["serve"], ["fill"], ["fill", "orders"], ["demo"]):
        done = run(*command, "--help")
        assert done.returncode == 0
        assert "python -m sandbox" in done.stdout
    assert "Usage" in run().stdout + run().stderr


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("server\nmssql_0\n", "has no column shard"),
        ("server,shard\nmssql_0,\n", "row 2: server and shard must be given"),
        ("server,shard\na,x\na,X\n", "row 3: 'X' is named twice"),
    ],
)
def test_a_broken_list_of_shards_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "shards.csv"
    path.write_text(text)
    with pytest.raises(ShardsError, match=complaint):
        read_shards(path)
    done = run("serve", "--ephemeral", "--shards", str(path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
