"""A project of its own for each test that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from project import Project

from sandbox.process import SandboxProcess


@pytest.fixture
def project(tmp_path: Path, sandbox: SandboxProcess) -> Project:
    return Project(tmp_path, sandbox)
