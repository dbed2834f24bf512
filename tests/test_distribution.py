"""What is handed out as source can be built."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


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
