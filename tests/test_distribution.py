"""What is handed out as source can be built, and all of it is installed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PACKAGES = ("lowlevel", "pipelines", "sandbox")
SHIPPED = {".py", ".pyi", ".typed", ".sql", ".toml", ".csv", ".html", ".txt"}


def shipped_files(root: Path) -> set[Path]:
    return {
        file.relative_to(root)
        for package in PACKAGES
        for file in (root / package).rglob("*")
        if file.suffix in SHIPPED
    }


def test_a_source_distribution_has_what_it_is_built_from(tmp_path: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "lowlevel", "pipelines"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    info = ["egg_info", "--egg-base", str(tmp_path)]
    pack = ["sdist", "--dist-dir", str(tmp_path)]
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", *info, *pack],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    (packed,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert set(tracked) <= names
    assert not {"lowlevel/native.c", "lowlevel/rows.c"} & names


def test_every_package_is_installed_with_its_files(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", tmp_path],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    assert shipped_files(REPOSITORY) == shipped_files(tmp_path)
