"""The base image by its digest: resolved by the engine, recorded, held from then on."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.images import why_not
from tests.kit.project import REPOSITORY
from tests.kit.registry import Registry, serve_registry

BASE = "registry.example.com/library/python:3.13-slim"
PINNED = "registry.example.com/library/python@sha256:"
FIRST, SECOND, OTHER = ("sha256:" + digit * 64 for digit in "123")

ENGINE = """#!/bin/sh
# What an engine is asked; it keeps what it was told.
echo "$@" >>"$0.calls"
case $1 in
    image) sed 's|^|registry.example.com/library/python@|' "$0.digests" ;;
esac
"""


class Clone:
    """A folder with what `make image` reads, and an engine that keeps its calls."""

    def __init__(self, folder: Path, name: str) -> None:
        for file in ("Makefile", "setup.py", "deploy/pinned_base.sh"):
            (folder / file).parent.mkdir(exist_ok=True)
            shutil.copy(REPOSITORY / file, folder / file)
        self.folder = folder
        self.engine = folder / name
        self.engine.write_text(ENGINE, encoding="utf-8")
        self.engine.chmod(0o755)
        self.record = folder / "deploy" / "base-images.txt"

    def behind_the_tag(self, *digests: str) -> None:
        Path(f"{self.engine}.digests").write_text("\n".join(digests) + "\n")

    def make_image(self, base: str = BASE) -> subprocess.CompletedProcess[str]:
        words = (f"ENGINE={self.engine}", f"BASE_IMAGE={base}")
        return subprocess.run(
            ["make", "--no-print-directory", "image", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def builds(self) -> list[str]:
        """Which base each build was given."""
        calls = Path(f"{self.engine}.calls").read_text(encoding="utf-8").splitlines()
        return [
            word.partition("BASE_IMAGE=")[2]
            for call in calls
            for word in call.split()
            if word.startswith("BASE_IMAGE=")
        ]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path, "docker")


def test_a_tag_is_recorded_by_its_digest_which_both_images_are_built_on(
    clone: Clone,
) -> None:
    clone.behind_the_tag(FIRST)
    made = clone.make_image()
    assert made.returncode == 0, made.stderr
    assert clone.record.read_text(encoding="utf-8") == f"{BASE}@{FIRST}\n"
    assert clone.builds() == [f"{PINNED}{'1' * 64}"] * 2
    assert "commit it" in made.stderr
    assert clone.make_image().returncode == 0
    assert clone.record.read_text(encoding="utf-8") == f"{BASE}@{FIRST}\n"
    assert clone.builds() == [f"{PINNED}{'1' * 64}"] * 4


def test_another_image_behind_the_tag_is_refused_and_nothing_is_built(
    clone: Clone,
) -> None:
    clone.behind_the_tag(FIRST)
    clone.make_image()
    clone.behind_the_tag(OTHER)
    made = clone.make_image()
    assert made.returncode != 0
    assert f"is another image now than deploy/base-images.txt has: {OTHER}" in (
        made.stderr
    )
    assert clone.builds() == [f"{PINNED}{'1' * 64}"] * 2
    by_digest = f"{PINNED}{'1' * 64}"
    assert clone.make_image(by_digest).returncode == 0
    assert clone.builds() == [by_digest] * 4


def test_what_the_tag_names_is_the_same_for_another_processor(clone: Clone) -> None:
    clone.behind_the_tag(FIRST, SECOND)
    clone.make_image()
    clone.behind_the_tag(OTHER, SECOND)
    made = clone.make_image()
    assert made.returncode == 0, made.stderr
    assert clone.builds()[-1] == f"{PINNED}{'2' * 64}"


def test_an_image_without_a_registry_has_nothing_to_record(clone: Clone) -> None:
    clone.behind_the_tag("")
    made = clone.make_image("mine:1")
    assert made.returncode != 0
    assert "mine:1 has no digest: it comes from no registry" in made.stderr
    assert clone.make_image("localhost/mine:1").returncode == 0
    assert not clone.record.exists()


@pytest.fixture
def store() -> Iterator[str]:
    """A folder for images; podman wants a path of less than 50 characters."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder


@pytest.mark.long
@pytest.mark.skipif(bool(why_not()), reason=why_not())
@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_an_engine_resolves_a_tag_of_a_registry(
    tmp_path: Path, engine: str, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPOSITORY / "deploy", tmp_path / "deploy")
    with serve_registry() as registry:
        monkeypatch.setenv(
            "CONTAINERS_REGISTRIES_CONF", str(insecure(tmp_path, registry))
        )
        registry.put("base", "1", "first")
        words = [engine, "--root", f"{store}/root", "--runroot", f"{store}/run"]
        words += ["--storage-driver", "vfs"]
        image = f"{registry.host}/base:1"

        def pinned() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [tmp_path / "deploy" / "pinned_base.sh", image, *words],
                capture_output=True,
                text=True,
                check=False,
            )

        first = pinned()
        assert first.returncode == 0, first.stderr
        name, _, digest = first.stdout.strip().partition("@")
        assert name == f"{registry.host}/base"
        assert digest in registry.digests("base", "1")
        assert pinned().stdout == first.stdout
        (tmp_path / "Dockerfile").write_text(
            f"FROM {first.stdout.strip()}\nENV built=1\n", encoding="utf-8"
        )
        built = subprocess.run(
            [*words, "build", *isolation(engine), "--tag", "on-it", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stderr
        registry.put("base", "1", "second")
        refused = pinned()
        assert refused.returncode == 1
        assert refused.stdout == ""
        assert "is another image now than" in refused.stderr
        assert digest in refused.stderr


def isolation(engine: str) -> list[str]:
    return ["--isolation", "chroot"] if engine == "buildah" else []


def insecure(folder: Path, registry: Registry) -> Path:
    """The configuration by which engines take a registry without TLS."""
    config = folder / "registries.conf"
    config.write_text(
        f'[[registry]]\nlocation = "{registry.host}"\ninsecure = true\n',
        encoding="utf-8",
    )
    return config
