"""The images, built by buildah and run by podman in a store of the tests' own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
OWN_BASE = "localhost/shardline-base"
PATIENCE = 600
"""Seconds for anything but a build."""

# For hosts whose own limits a container may not have, or whose cgroups crun refuses.
LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")
RUNTIME = ("--runtime", "runc") if shutil.which("runc") else ()

Ended = subprocess.CompletedProcess[str]


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
        """Build what the store does not have yet; the first time takes minutes."""
        self._store = ("--root", str(store / "root"), "--runroot", str(store / "run"))
        named = os.environ.get("SHARDLINE_BASE_IMAGE")
        self.base = named or OWN_BASE
        self._build_base = os.environ.get("SHARDLINE_BUILD_IMAGE", self.base)
        if not named:
            self._build_base = f"{OWN_BASE}-build"
            self._make_base()
        self.pipelines = self._build("pipelines")
        self.luigid = self._build("luigid")

    def added(self, image: str) -> int:
        """Bytes that an image has beyond its base."""
        return self._size(image) - self._size(self.base)

    def run(self, *words: str, options: Sequence[str] = ()) -> Ended:
        """Run a command in a container of `pipelines`, past its entry point."""
        program, *arguments = words
        return self.podman(
            *("run", "--rm", "--entrypoint", program, *LIMITS, *options),
            *(self.pipelines, *arguments),
        )

    @contextmanager
    def started(
        self, image: str, *words: str, options: Sequence[str] = ()
    ) -> Iterator[str]:
        """A container that runs an image's own entry point, and its id."""
        told = self.podman("run", "--detach", *LIMITS, *options, image, *words)
        assert told.returncode == 0, told.stderr
        container = told.stdout.strip()
        try:
            yield container
        finally:
            self.podman("rm", "--force", "--time", "0", container)

    def podman(self, *words: str) -> Ended:
        return _ran("podman", *RUNTIME, *self._store, *words)

    def _size(self, image: str) -> int:
        told = self.podman("image", "inspect", "-f", "{{.Size}}", image)
        assert told.returncode == 0, told.stderr
        return int(told.stdout)

    def _make_base(self) -> None:
        for image in (self.base, self._build_base):
            if self.podman("image", "exists", image).returncode:
                script = REPOSITORY / "deploy" / "debian_base.sh"
                subprocess.run([script, self.base, *self._store], check=True)
                return

    def _build(self, target: str) -> str:
        name = f"localhost/shardline-{target}"
        built = _ran(
            *("buildah", *self._store, "bud", "--isolation", "chroot", "--layers"),
            *("--build-arg", f"BASE_IMAGE={self.base}"),
            *("--build-arg", f"BUILD_IMAGE={self._build_base}"),
            *("--target", target, "--tag", name, str(REPOSITORY)),
            patience=3_600,
        )
        assert built.returncode == 0, built.stdout[-2_000:] + built.stderr[-2_000:]
        return name


def _ran(*words: str, patience: float = PATIENCE) -> Ended:
    return subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=patience
    )
