"""The command starts with what is always installed: extras are loaded when needed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement

COMMANDS = ["--help", "run --help", "deploy check --help", "refresh --help"]

HIDE_AND_RUN = """
import sys
hidden, command = sys.argv[1].split(","), sys.argv[2:]
sys.modules.update(dict.fromkeys(hidden))
sys.argv[1:] = command
from pipelines.__main__ import main
main()
"""


def always_installed() -> set[str]:
    """The distributions that come with the product and without any extra."""
    found: set[str] = set()
    asked = ["shardline"]
    while asked:
        name = asked.pop()
        found.add(name)
        for line in requires(name) or ():
            one = Requirement(line)
            needed = one.marker is None or one.marker.evaluate({"extra": ""})
            if needed and canonical(one.name) not in found:
                asked.append(canonical(one.name))
    return found


def canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_starts_without_any_extra(command: str) -> None:
    ours = always_installed()
    hidden = [
        module
        for module, names in packages_distributions().items()
        if module.isidentifier() and not {canonical(name) for name in names} & ours
    ]
    assert {"boto3", "yaml", "pandas", "matplotlib", "psycopg"} <= set(hidden)
    assert not {"luigi", "click", "pipelines", "tornado"} & set(hidden)
    words = [",".join(hidden), *command.split()]
    ended = subprocess.run(
        [sys.executable, "-c", HIDE_AND_RUN, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
