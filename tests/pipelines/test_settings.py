from __future__ import annotations

import configparser
import os
import re
from pathlib import Path

import pytest

from pipelines import sections, settings
from tests.kit import commands
from tests.kit.project import REPOSITORY, finished

SECTIONS = {
    "warehouse": sections.Warehouse,
    "sqlserver": sections.Server,
    "load": sections.Load,
    "run": sections.Run,
    "metrics": sections.Metrics,
    "catalog": sections.CatalogFiles,
    "reports": sections.Reports,
    "sessions": sections.Sessions,
    "alerts": sections.Alerts,
}


def read_with(folder: Path, config: str, **environment: str) -> str:
    """What reading the settings in a process of its own says."""
    (folder / "luigi.cfg").write_text(config, encoding="utf-8")
    script = (
        "from pipelines import settings\n"
        "try: print(settings.read().warehouse.password.get_secret_value())\n"
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
    own_section = {"host", "port"} if section == "sqlserver" else set()
    assert set(shown) == set(model.model_fields) - own_section
    assert {
        name: value
        for name, value in model.model_validate(shown)
        if name not in own_section and not isinstance(value, Path)
    } == {
        name: value
        for name, value in model()
        if name not in own_section and not isinstance(value, Path)
    }


def test_luigi_cfg_shows_the_addresses_of_the_servers_that_have_a_default() -> None:
    shown = shown_options()
    for name, port in settings.DEFAULT_PORTS.items():
        assert dict(shown[name]) == {"host": "127.0.0.1", "port": str(port)}


def test_without_any_file_the_defaults_are_used(tmp_path: Path) -> None:
    assert read_with(tmp_path, "") == "shardline\n"


def test_a_password_comes_from_the_environment_whatever_it_holds(
    tmp_path: Path,
) -> None:
    config = "[warehouse]\npassword = ${SHARDLINE_SECRET}\n"
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
    told = read_with(tmp_path, f"[catalog]\nshards = {shards}\n")
    assert "[mssql_9] is missing" in told
