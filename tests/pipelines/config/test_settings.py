from __future__ import annotations

import configparser
import os
import re
from pathlib import Path

import pytest

from pipelines.config import (
    CatalogFiles,
    LoadOptions,
    Server,
    SessionsOptions,
    Warehouse,
)
from pipelines.config.sections import (
    AlertsOptions,
    BotOptions,
    JobsOptions,
    MetricsOptions,
    ReportsOptions,
    RunOptions,
)
from tests.kit import commands
from tests.kit.project import DAY, REPOSITORY, Project, Result, finished

SECTIONS = {
    "warehouse": Warehouse,
    "sqlserver": Server,
    "load": LoadOptions,
    "run": RunOptions,
    "metrics": MetricsOptions,
    "catalog": CatalogFiles,
    "reports": ReportsOptions,
    "sessions": SessionsOptions,
    "alerts": AlertsOptions,
    "bot": BotOptions,
    "jobs": JobsOptions,
}
GIVEN = {"host", "user", "password"}
"""What has no default."""
WAREHOUSE = "[warehouse]\nhost = h\nuser = u\npassword = s3cret\n"
SERVERS = "[sqlserver]\nuser = u\npassword = s3cret\n" + "".join(
    f"[mssql_{at}]\nhost = h{at}\n" for at in range(3)
)


def read_with(folder: Path, config: str, **environment: str) -> str:
    """What reading the settings in a process of its own says."""
    (folder / "luigi.cfg").write_text(config, encoding="utf-8")
    script = (
        "from pipelines.config import read_settings\n"
        "try: print(read_settings().warehouse.password.get_secret_value())\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    command = ("python", "-c", script)
    result = finished(commands.start(command, folder, {**os.environ, **environment}))
    assert result.code == 0, result.err
    return result.out


def shown_options() -> configparser.RawConfigParser:
    """The project's luigi.cfg with the options that are shown switched on."""
    text = (REPOSITORY / "luigi.cfg").read_text(encoding="utf-8")
    config = configparser.RawConfigParser()
    config.read_string(re.sub(r"(?m)^#; ", "", text))
    return config


@pytest.mark.parametrize("section", SECTIONS)
def test_luigi_cfg_shows_every_option_with_its_default(section: str) -> None:
    shown = dict(shown_options()[section])
    model = SECTIONS[section]
    assert set(shown) == set(model.model_fields) - GIVEN
    assert {
        name: value
        for name, value in model.model_validate(shown)
        if not isinstance(value, Path)
    } == {name: value for name, value in model() if not isinstance(value, Path)}


def test_where_the_servers_are_and_who_logs_in_is_all_that_must_be_given(
    tmp_path: Path,
) -> None:
    assert read_with(tmp_path, WAREHOUSE + SERVERS) == "s3cret\n"


def listed(folder: Path, config: str, **environment: str) -> Result:
    """`shardline connections` with a luigi.cfg alone."""
    (folder / "luigi.cfg").write_text(config, encoding="utf-8")
    variables = {**os.environ, **environment}
    return finished(commands.start(("shardline", "connections"), folder, variables))


def refused(folder: Path, config: str, **environment: str) -> Result:
    """A command that needs the servers, with a luigi.cfg alone."""
    (folder / "luigi.cfg").write_text(config, encoding="utf-8")
    variables = {**os.environ, **environment}
    return finished(commands.start(("shardline", "status"), folder, variables))


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (
            SERVERS,
            (
                "[warehouse] has no host, user, password: add what is missing to"
                " [warehouse], or give the whole connection as"
                " SHARDLINE_CONNECTION_WAREHOUSE"
            ),
        ),
        (
            SERVERS + WAREHOUSE.replace("password = s3cret\n", ""),
            "[warehouse] has no password: add what is missing to [warehouse], or",
        ),
        (
            WAREHOUSE + SERVERS.replace("[mssql_1]\nhost = h1\n", ""),
            (
                "[mssql_1] has no host: add what is missing to [mssql_1] or"
                " [sqlserver], or give the whole connection as"
                " SHARDLINE_CONNECTION_MSSQL_1"
            ),
        ),
        (
            WAREHOUSE + SERVERS.replace("host = h1", "port = 14331"),
            "[mssql_1] has no host: add what",
        ),
        (
            WAREHOUSE + SERVERS.replace("user = u", "").replace("h1", "h1\nuser = v"),
            "[mssql_0] has no user: add what is missing to [mssql_0] or [sqlserver]",
        ),
    ],
    ids=["warehouse", "half of it", "server", "half of one", "common"],
)
def test_a_section_that_was_forgotten_is_named_with_what_it_lacks(
    tmp_path: Path, config: str, told: str
) -> None:
    listing = listed(tmp_path, config)
    assert (listing.code, listing.err) == (2, "")
    lack = told[told.index("has no") :]
    assert sum(lack in line for line in listing.out.splitlines()) >= 1
    assert "s3cret" not in listing.out
    result = refused(tmp_path, config)
    assert (result.code, result.out) == (2, "")
    (line,) = result.told
    assert told in line
    assert "s3cret" not in line
    assert "127.0.0.1" not in line
    named = set(re.findall(r"\[(\w+)\] has no", line))
    others = {"mssql_2"} if "user = v" in config else set()
    assert named == {told[1 : told.index("]")], *others}


def test_nothing_is_connected_to_when_all_sections_were_forgotten(
    project: Project,
) -> None:
    project.loadable(3)
    overlay = project.write()
    config = configparser.RawConfigParser()
    config.read(overlay)
    for section in ("warehouse", "mssql_0", "mssql_1", "mssql_2"):
        config.remove_section(section)
    alone = project.folder / "alone.cfg"
    with alone.open("w", encoding="utf-8") as file:
        config.write(file)
    run = ("shardline", "run", "orders", "--date", DAY)
    result = project.run("env", f"LUIGI_CONFIG_PATH={alone}", *run)
    assert (result.code, result.out) == (2, "")
    (line,) = result.told
    for name in ("warehouse", "mssql_0"):
        assert f"[{name}] has no host, user, password: " in line
    assert not (project.folder / "etl.db").exists()


def test_a_connection_gives_what_its_section_lacks_and_the_other_way_round(
    tmp_path: Path,
) -> None:
    half = WAREHOUSE.replace("host = h\n", "") + SERVERS
    variable = "SHARDLINE_CONNECTION_WAREHOUSE"
    assert listed(tmp_path, half).code == 2
    result = listed(tmp_path, half, **{variable: "vertica://node1,node2/w"})
    assert (result.code, result.err) == (0, "")
    assert "node1:5433, node2:5433  u:***" in result.out
    two = {variable: "vertica://etl:s3cret@a\nvertica://b"}
    lacking = refused(tmp_path, SERVERS, **two)
    assert lacking.code == 2
    assert (
        f"connection warehouse (the environment variable {variable}) has no user,"
        " password: add what is missing to [warehouse]"
    ) in lacking.err
    assert "s3cret" not in lacking.err


def test_a_password_comes_from_the_environment_whatever_it_holds(
    tmp_path: Path,
) -> None:
    config = WAREHOUSE.replace("s3cret", "${SHARDLINE_SECRET}") + SERVERS
    secret = "50%$ {x} %(y)s"
    assert read_with(tmp_path, config, SHARDLINE_SECRET=secret) == f"{secret}\n"


def test_every_fault_is_named_at_once_and_no_password_with_it(tmp_path: Path) -> None:
    config = """
[warehouse]
port = high
pasword = hunter2
password = 100%
connection_timeout = 10

[load]
attempts = 0

[sqlserver]
password = ${SHARDLINE_NOT_SET}
"""
    told = read_with(tmp_path, config)
    for fault in (
        "[warehouse] port: Input should be a valid integer",
        "[warehouse] pasword: Extra inputs are not permitted",
        "[warehouse] password: a literal % must be written %%",
        "[load] attempts: Input should be greater than or equal to 1",
        "[sqlserver] password: environment variable SHARDLINE_NOT_SET is not set",
    ):
        assert fault in told
    assert "hunter2" not in told
    assert told.startswith("ConfigurationError")
    assert told.count("\n") == 1


def test_a_connection_that_gives_up_before_the_lock_does_is_refused(
    tmp_path: Path,
) -> None:
    told = read_with(tmp_path, "[warehouse]\nlock_timeout = 400\n")
    assert "connection_timeout must be longer than lock_timeout" in told


def test_a_server_that_only_the_shards_file_names_is_missed(tmp_path: Path) -> None:
    shards = tmp_path / "shards.csv"
    shards.write_text("server,shard,time_zone\nmssql_9,omsk,Asia/Omsk\n")
    own = WAREHOUSE + f"[catalog]\nshards = {shards}\n"
    assert "[mssql_9] has no host, user, password" in read_with(tmp_path, own)
