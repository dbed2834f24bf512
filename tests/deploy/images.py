"""The images of the Dockerfile, built by buildah and run by podman in a store of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
BASE = "localhost/shardline-base"
# Where limits of the host may not be raised, and crun does not know its cgroups.
LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")
RUNTIME = ("--runtime", "runc") if shutil.which("runc") else ()


def why_not() -> str:
    """Why no image can be built and run here; empty if one can."""
    needed = ["buildah", "podman"]
    if "SHARDLINE_BASE_IMAGE" not in os.environ:
        needed.append("debootstrap")
        if os.geteuid():
            return "SHARDLINE_BASE_IMAGE names no base, and only root can make one"
    missing = [name for name in needed if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else ""


class Images:
    """Both targets, and the base that they were built on."""

    def __init__(self, store: Path) -> None:
        self._store = ("--root", str(store / "root"), "--runroot", str(store / "run"))
        self.base = os.environ.get("SHARDLINE_BASE_IMAGE", BASE)
        self._compiler = os.environ.get("SHARDLINE_BUILD_IMAGE", self.base)
        if self.base == BASE:
            self._compiler = f"{BASE}-build"
            if not self._output("buildah", "images", "--quiet", "--filter", f"reference={BASE}-build"):
                script = REPOSITORY / "deploy" / "debian_base.sh"
                subprocess.run([script, BASE, *self._store], check=True)
        self.pipelines = self._build("pipelines")
        self.luigid = self._build("luigid")

    def size(self, image: str) -> int:
        """Bytes of all its layers."""
        told = self.podman("image", "inspect", "--format", "{{.Size}}", image)
        return int(told.stdout)

    def podman(
        self, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["podman", *RUNTIME, *self._store, *arguments],
            capture_output=True,
            text=True,
            check=check,
            timeout=300,
        )

    def run(self, image: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a container to its end; options of podman come before the image."""
        *options, command = self._split(arguments)
        return self.podman(
            "run", "--rm", *LIMITS, "--network", "host", *options, image, *command, check=False
        )

    def _output(self, *command: str) -> str:
        program, *arguments = command
        return subprocess.run(
            [program, *self._store, *arguments],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def _build(self, target: str) -> str:
        name = f"localhost/shardline-{target}"
        built = subprocess.run(
            [
                *("buildah", *self._store, "bud", "--isolation", "chroot", "--layers"),
                *("--build-arg", f"BASE_IMAGE={self.base}"),
                *("--build-arg", f"BUILD_IMAGE={self._compiler}"),
                *("--target", target, "--tag", name, str(REPOSITORY)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
        return name
