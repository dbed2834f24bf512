from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import Warehouse, read_settings
from pipelines.errors import ConfigurationError, TransientError
from pipelines.warehouse import connect_warehouse
from tests.kit.project import DAY, Project, Result, finished

CLOSED = "127.0.0.1:1"
SECRET = "s3cr%2Ft"
LOGGING = """
[loggers]
keys = root
[handlers]
keys = stderr
[formatters]
keys =
[logger_root]
level = DEBUG
handlers = stderr
[handler_stderr]
class = StreamHandler
args = (sys.stderr,)
"""


def listed(project: Project, *arguments: str) -> dict[str, Any]:
    """What `shardline connections --json` tells, by name."""
    result = project.run("shardline", "connections", "--json", *arguments)
    assert result.err == ""
    return {one["name"]: one for one in json.loads(result.out)}


def warehouse(project: Project, *before: str) -> str:
    """The URI of the sandbox's warehouse, with addresses that are tried before."""
    known = project.sandbox.addresses
    hosts = ",".join([*before, f"127.0.0.1:{known.vertica.port}"])
    return f"vertica://{known.user}:{known.password}@{hosts}/{known.database}"


def server(project: Project, *before: str, name: str = "mssql_0") -> str:
    """The URI of one of the sandbox's servers, with addresses tried before."""
    known = project.sandbox.addresses
    hosts = ",".join([*before, f"127.0.0.1:{known.mssql[name].port}"])
    return f"mssql://{known.user}:{known.password}@{hosts}/"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of secrets that the environment names."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("SHARDLINE_SECRETS", str(folder))
    return folder


@pytest.mark.long
def test_the_first_place_that_has_a_name_counts_and_the_others_are_told(
    project: Project, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard()
    monkeypatch.setenv("SHARDLINE_CONNECTION_MSSQL_0", "mssql://u:p@of-variable")
    (secrets / "mssql_0").write_text("mssql://u:p@of-file\n")
    project.options["connections"] = {"mssql_0": "mssql://u:p@of-luigi-cfg"}
    own = "[mssql_0] in luigi.cfg"
    order = [
        ("of-variable:1433", "the environment variable SHARDLINE_CONNECTION_MSSQL_0"),
        ("of-file:1433", f"the file {secrets / 'mssql_0'}"),
        ("of-luigi-cfg:1433", "[connections] mssql_0 in luigi.cfg"),
        (f"127.0.0.1:{project.sandbox.addresses.mssql['mssql_0'].port}", own),
    ]
    for at, (address, place) in enumerate(order):
        found = listed(project)["mssql_0"]
        assert [one["at"] for one in found["addresses"]] == [address]
        assert found["from"] == place
        assert found["shadowed"] == [place for _, place in order[at + 1 :]]
        monkeypatch.setenv("SHARDLINE_CONNECTION_MSSQL_0", "")
        if at == 1:
            (secrets / "mssql_0").unlink()
        if at == 2:
            del project.options["connections"]


def test_a_connection_is_all_that_a_server_needs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard(server="mssql_0")
    project.shards = [("sql-eu", shard, name) for _, shard, name in project.shards]
    missing = project.run("shardline", "connections")
    assert missing.code == 2
    (line,) = [one for one in missing.out.splitlines() if one.startswith("sql-eu")]
    assert "has no host, user, password: add what is missing to [sql-eu]" in line
    assert "SHARDLINE_CONNECTION_SQL_EU" in line
    monkeypatch.setenv("SHARDLINE_CONNECTION_SQL_EU", server(project))
    result = project.run("shardline", "connections", "sql-eu", "--test")
    assert (result.code, result.err) == (0, "")
    assert "Microsoft SQL Server" in result.out


def test_what_a_uri_leaves_out_is_taken_from_the_section_but_never_the_address(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard()
    project.options["mssql_0"] = {"user": "etl", "encryption": "require", "port": "99"}
    monkeypatch.setenv("SHARDLINE_CONNECTION_MSSQL_0", "mssql://h/?login_timeout=5")
    (found,) = listed(project)["mssql_0"]["addresses"]
    assert (found["at"], found["login"]) == ("h:1433", "etl:***")
    assert found["options"] == {"encryption": "require"}


def test_larger_packets_than_tls_carries_are_refused_wherever_they_are_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard()
    project.options["mssql_0"] = {"encryption": "off", "packet_octets": "32767"}
    monkeypatch.setenv("SHARDLINE_CONNECTION_MSSQL_0", "mssql://u:p@h/")
    assert listed(project)["mssql_0"]["addresses"]
    uri = "mssql://u:p@h/?encryption=request"
    monkeypatch.setenv("SHARDLINE_CONNECTION_MSSQL_0", uri)
    result = project.run("shardline", "connections")
    assert result.code == 2
    assert "packet_octets must not be more than 16383 unless" in result.last_line


def test_a_load_goes_on_at_the_next_address_and_the_debug_log_tells_which(
    project: Project, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = project.loadable(3)
    known = project.sandbox.addresses
    monkeypatch.setenv("SHARDLINE_CONNECTION_WAREHOUSE", warehouse(project, CLOSED))
    (secrets / "mssql_0").write_text(
        f"mssql://x:{SECRET}@{CLOSED}\n{server(project)}\n"
    )
    logging = project.folder / "logging.conf"
    logging.write_text(LOGGING)
    project.options["core"] = {"logging_conf_file": str(logging)}
    result = project.luigi("LoadOrders", "--date", DAY)
    assert result.code == 0
    assert len(project.rows(shard)) == 3
    for port in (known.vertica.port, known.mssql["mssql_0"].port):
        assert f"127.0.0.1:{port} answered" in result.err
    assert result.err.count(f"{CLOSED} did not answer") >= 2
    assert "s3cr" not in result.err


def test_all_causes_are_told_when_no_address_answers() -> None:
    options = Warehouse(host="127.0.0.1", port=3)
    both = options.with_addresses([options, options.model_copy(update={"port": 4})])
    with pytest.raises(TransientError) as caught, connect_warehouse(both):
        pass
    assert re.search("127.0.0.1:3 cannot .*; .*127.0.0.1:4 cannot", str(caught.value))


def test_a_refused_login_is_an_answer(project: Project, secrets: Path) -> None:
    shard = project.loadable(3)
    right, refused = server(project), server(project).replace("://", "://no")
    (secrets / "mssql_0").write_text(f"{refused}\n{right}\n")
    result = project.load(DAY)
    assert result.code == 30
    assert "refused the login of no" in result.last_line
    (secrets / "mssql_0").write_text(f"{right}\n{refused}\n")
    assert project.load(DAY).code == 0
    assert len(project.rows(shard)) == 3


def test_every_address_is_tested(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard()
    project.add_shard(server="mssql_1")
    good = project.run("shardline", "connections", "--test")
    assert (good.code, good.err) == (0, "")
    assert [line.split()[:3:2] for line in good.out.splitlines()] == [
        ["warehouse", "ok"],
        ["mssql_0", "ok"],
        ["mssql_1", "ok"],
    ]
    assert "Vertica Analytic Database" in good.out
    monkeypatch.setenv("SHARDLINE_CONNECTION_WAREHOUSE", warehouse(project, CLOSED))
    wrong = server(project).replace("://", "://no")
    monkeypatch.setenv("SHARDLINE_CONNECTION_MSSQL_0", wrong)
    bad = project.run("shardline", "connections", "--test")
    assert (bad.code, bad.err) == (30, "")
    lines = [line.split(maxsplit=3) for line in bad.out.splitlines()]
    assert [(name, answer) for name, _, answer, _ in lines] == [
        ("warehouse", "failed"),
        ("warehouse", "ok"),
        ("mssql_0", "failed"),
        ("mssql_1", "ok"),
    ]
    assert f"Vertica {CLOSED} cannot be reached" in lines[0][3]
    assert "refused the login" in lines[2][3]
    assert "18456" in lines[2][3]
    told = listed(project, "--test", "mssql_1", "warehouse")
    assert list(told) == ["mssql_1", "warehouse"]
    answers = [one["answer"]["ok"] for one in told["warehouse"]["addresses"]]
    assert answers == [False, True]


def test_no_secret_is_ever_shown(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard()
    for name, uri in {
        "WAREHOUSE": f"vertica://etl:{SECRET}@{CLOSED}/wh",
        "MSSQL_0": f"mssql://etl:{SECRET}@{CLOSED}",
        "MAIL": f"smtp://etl:{SECRET}@{CLOSED}/?from=a@x&to=b@y",
        "TELEGRAM": f"telegram://123456:s3cr_ABC@-1/?api=http://{CLOSED}",
    }.items():
        monkeypatch.setenv(f"SHARDLINE_CONNECTION_{name}", uri)
    for options in ([], ["--test"], ["--json"], ["--test", "--json"]):
        result = project.run("shardline", "connections", *options)
        assert result.code == (30 if "--test" in options else 0)
        assert "s3cr" not in result.out + result.err
        assert result.err == ""
    shown = project.run("shardline", "connections").out
    assert shown.count("etl:***") == 3
    assert "123456:***" in shown


def test_a_malformed_connection_is_one_line_with_its_name_and_place(
    project: Project, secrets: Path
) -> None:
    project.add_shard()
    project.options["connections"] = {"mssql_0": "mssql://u:${SHARDLINE_NOT_SET}@h"}
    (secrets / "warehouse").write_text("vertica://etl:s3cr/t@node1/wh")
    result = project.run("shardline", "connections")
    assert (result.code, result.out) == (2, "")
    (line,) = result.told
    assert f"connection warehouse (the file {secrets / 'warehouse'}): " in line
    assert "connection mssql_0 ([connections] mssql_0 in luigi.cfg): " in line
    assert "environment variable SHARDLINE_NOT_SET is not set" in line
    assert "s3cr" not in line


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (b"", "it is empty"),
        (b"\xff", "is not UTF-8"),
        (b"mysql://h", "its scheme is unknown: there are mssql, vertica"),
        (b"mssql://h", "it is not a vertica:// connection"),
        (b"vertica://h\nmssql://h", "different kinds"),
        (b"vertica://h?tlsmode=s3cret", "tlsmode: Input should be 'disable', "),
        (b"vertica://h?connection_timeout=1", "longer than lock_timeout"),
        (b"vertica://h?transfer_timeout=1", "not be shorter than connection_timeout"),
    ],
)
def test_what_is_wrong_with_a_connection_is_told(
    secrets: Path, held: bytes, why: str
) -> None:
    (secrets / "warehouse").write_bytes(held)
    with pytest.raises(ConfigurationError) as caught:
        read_settings()
    line = str(caught.value)
    assert f"connection warehouse (the file {secrets / 'warehouse'})" in line
    assert why in line
    assert "s3cret" not in line


def test_a_folder_of_secrets_that_is_not_there_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard()
    monkeypatch.setenv("SHARDLINE_SECRETS", "/nowhere")
    result = project.run("shardline", "connections")
    assert result.code == 2
    assert "SHARDLINE_SECRETS names /nowhere" in result.last_line


def test_a_malformed_mail_stops_no_load_and_is_told_in_the_list(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.loadable(3)
    monkeypatch.setenv("SHARDLINE_CONNECTION_MAIL", "smtp://relay")
    loaded = project.load(DAY)
    assert (loaded.code, loaded.err) == (0, "")
    result = project.run("shardline", "connections")
    assert result.code == 2
    assert "SHARDLINE_CONNECTION_MAIL): from and to must be given" in result.out


def test_other_names_are_listed_and_other_secrets_are_not(
    project: Project, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard()
    trusted = f"?tls_cafile={project.sandbox.home}/authority.pem"
    (secrets / "standby").write_text(server(project) + trusted)
    (secrets / "etl_password").write_text("s3cret")
    (secrets / "..data").mkdir()
    (secrets / ".hidden").write_text(server(project))
    monkeypatch.setenv("SHARDLINE_CONNECTION_ARCHIVE", warehouse(project) + trusted)
    names = ["warehouse", "mssql_0", "mail", "telegram", "standby", "archive"]
    assert list(listed(project)) == names
    assert project.run("shardline", "connections", "--test").code == 0


def asked(project: Project, name: str) -> Result:
    return project.run("shardline", "connections", name, "--test")


def test_a_name_that_is_not_there_is_told_with_those_that_are_alike(
    project: Project,
) -> None:
    project.add_shard()
    unknown, missing = asked(project, "warehuse"), asked(project, "mail")
    assert (unknown.code, missing.code) == (2, 2)
    assert "unknown connection 'warehuse'; perhaps warehouse was" in unknown.last_line
    assert "mail is not configured; give it as SHARDLINE_CONN" in missing.last_line


def test_servers_whose_variables_are_the_same_are_refused(project: Project) -> None:
    project.add_shard()
    project.add_shard(server="mssql_1")
    project.shards[1] = ("mssql-0", *project.shards[1][1:])
    project.options["mssql-0"] = {"host": "127.0.0.1"}
    result = project.run("shardline", "shards")
    assert result.code == 2
    assert (
        "'mssql_0', which as a connection cannot be told from 'mssql-0'" in result.err
    )


EXPOSURES = {
    "vertica://u:p@h.invalid/db": "",
    "vertica://u:p@h.invalid/db?tlsmode=verify-ca": "tlsmode = verify-ca: any server",
    "vertica://u:p@h.invalid/db?tlsmode=require": "pose as the server",
    "vertica://u:p@h.invalid/db?tlsmode=disable": "read all that travels",
    "mssql://u:p@h.invalid": "",
    "mssql://u:p@h.invalid/?encryption=request": "encryption = request: whoever",
    "mssql://u:p@h.invalid/?trust_server_certificate=true": "pose as the server",
    "smtp://h.invalid/?from=a@b.c&to=a@b.c": "",
    "smtp://h.invalid/?security=none&from=a@b.c&to=a@b.c": "read all that travels",
    "telegram://1:a@-1?api=http://h.invalid": "read all that travels",
    "vertica://u:p@127.0.0.1:1/db?tlsmode=disable": "",
}


def test_what_others_on_the_way_can_do_is_told_by_a_test(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard(ddl="")
    names = [f"case_{number}" for number in range(len(EXPOSURES))]
    for name, uri in zip(names, EXPOSURES, strict=True):
        monkeypatch.setenv(f"SHARDLINE_CONNECTION_{name.upper()}", uri)
    result = project.run("shardline", "connections", *names, "--test")
    assert result.code == 30
    found = listed(project, *names)
    for name, weakness in zip(names, EXPOSURES.values(), strict=True):
        told = [line for line in result.out.splitlines() if line.split()[0] == name]
        assert "failed" in told[0]
        assert len(told) == 1 + bool(weakness)
        assert weakness in told[-1]
        assert ("warning" in told[-1]) is bool(weakness)
        (address,) = found[name]["addresses"]
        assert bool(address["exposure"]) is bool(weakness)


def test_a_check_that_is_killed_takes_no_other_along(project: Project) -> None:
    project.add_shard()
    control = project.sandbox.control
    hold = control.hold("^SELECT 1, VERSION", server="vertica", times=2)
    asking = project.start("shardline", "connections", "--test")
    for count in (1, 2):  # beside the others, then alone
        os.kill(control.wait(hold, count=count)[-1].client_pid, signal.SIGKILL)
    result = finished(asking)
    control.remove(hold)
    assert (result.code, result.err) == (30, "")
    answers = [line.split(maxsplit=3)[::2] for line in result.out.splitlines()]
    assert answers == [["warehouse", "failed"], ["mssql_0", "ok"]]
    assert "the process that asked it was killed" in result.out


@pytest.mark.parametrize(
    ("address", "weakness"),
    [
        ("postgresql://u:p@h.invalid/etl", ""),
        (
            "postgresql://u:p@h.invalid/etl?sslmode=require",
            "sslmode = require: whoever",
        ),
        ("postgresql://u:p@localhost/etl?sslmode=disable", ""),
        ("sqlite:///etl.db", ""),
    ],
)
def test_a_weaker_way_to_the_etl_database_is_told_by_a_test(
    project: Project, address: str, weakness: str
) -> None:
    project.add_shard()
    project.etl_database = address
    result = project.run("shardline", "connections", "mssql_0", "--test")
    assert result.code == 0
    assert weakness in result.err
    assert bool(result.err) is bool(weakness)
