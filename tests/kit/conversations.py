"""The bot's dialogue, held by `shardline bot try`."""

from __future__ import annotations

import subprocess

from tests.kit.commands import BIN
from tests.kit.project import Project


def talk(project: Project, *lines: str, role: str = "admin") -> list[str]:
    """What is answered to some lines."""
    result = subprocess.run(
        [str(BIN / "shardline"), "bot", "try", "--role", role],
        cwd=project.folder,
        env=project.environment(),
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=True,
    )
    assert result.stderr == ""
    return result.stdout.splitlines()
