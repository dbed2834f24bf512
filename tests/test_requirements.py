"""What is installed is told by its hash: versions, files and commands agree."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import requires
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
ALL, IMAGES = "requirements-dev.txt", "requirements.txt"
PIN = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.!+]+)"
    r"(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)"
)
IN_IMAGES = {"bot", "mail", "metrics", "postgresql"}
PYTHONS = ["3.11", "3.12", "3.13"]


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def lines(name: str) -> list[str]:
    """Its lines without comments; those that go on are one."""
    whole = re.sub(r"\s*\\\n\s*", " ", text(name)).splitlines()
    return [line for line in whole if line and not line.startswith("#")]


def constrained() -> dict[str, str]:
    pins = (line.split("==") for line in lines("constraints.txt"))
    return {canonicalize_name(name): version for name, version in pins}


def hashed(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes of each name."""
    found = {}
    for line in lines(name):
        pin = PIN.fullmatch(line)
        assert pin, line
        found[pin["name"]] = pin["version"], frozenset(pin["hashes"].split())
    return found


def test_every_version_has_its_hashes_and_every_hash_its_version() -> None:
    versions = {name: version for name, (version, _) in hashed(ALL).items()}
    assert versions == constrained()
    assert all(hashes for _, hashes in hashed(ALL).values())


def test_what_the_images_install_is_a_part_of_it() -> None:
    everything = hashed(ALL)
    for name, pin in hashed(IMAGES).items():
        assert everything[name] == pin


@pytest.mark.parametrize("name", [ALL, IMAGES])
def test_no_file_with_hashes_names_a_place(name: str) -> None:
    assert "://" not in text(name)
    assert not re.search(r"^\s*-(?!-hash=)", text(name), re.MULTILINE)
    comments = [line for line in text(name).splitlines() if line.startswith("#")]
    assert "make lock" in "\n".join(comments)
    assert not [line for line in comments if "/" in line]


def needed(extras: Iterable[str], python: str) -> set[str]:
    """The names of what the project needs with these extras, and what that needs."""
    found: set[str] = set()
    asked = [("shardline", frozenset(extras))]
    seen = set(asked)
    while asked:
        name, wanted = asked.pop()
        for line in requires(name) or ():
            one = Requirement(line)
            if one.marker and not any(
                one.marker.evaluate(
                    {
                        "extra": extra,
                        "python_version": python,
                        "python_full_version": f"{python}.0",
                    }
                )
                for extra in wanted or {""}
            ):
                continue
            child = canonicalize_name(one.name)
            assert child in constrained(), f"{name} needs {one}"
            assert one.specifier.contains(constrained()[child], prereleases=True), line
            found.add(child)
            if (more := (child, frozenset(one.extras))) not in seen:
                seen.add(more)
                asked.append(more)
    return found


def built_with() -> set[str]:
    asked = tomllib.loads(text("pyproject.toml"))["build-system"]["requires"]
    return {canonicalize_name(Requirement(one).name) for one in asked}


@pytest.mark.parametrize("python", PYTHONS)
def test_the_versions_are_those_that_the_project_asks_for_and_all_of_them(
    python: str,
) -> None:
    extras = set(
        chain.from_iterable(
            re.findall(r'extra == "([\w-]+)"', line)
            for line in requires("shardline") or ()
        )
    )
    assert extras > IN_IMAGES
    assert needed(extras, python) | built_with() <= constrained().keys()
    assert needed(IN_IMAGES, python) | built_with() == hashed(IMAGES).keys()


@pytest.mark.parametrize(
    ("file", "installed"), [("Makefile", ALL), ("Dockerfile", IMAGES)]
)
def test_nothing_is_installed_past_the_hashes(file: str, installed: str) -> None:
    whole = re.sub(r"\s*\\\n\s*", " ", text(file))
    calls = re.findall(r"pip install (.*?)(?: &&|\n)", whole)
    tools = [call for call in calls if "PIP_TOOLS" in call]  # these are not shipped
    ours = [call for call in calls if call not in tools]
    hashes, project = ours
    assert "--require-hashes" in hashes
    assert "--only-binary :all:" in hashes
    assert hashes.endswith(f"--requirement {installed}")
    assert "--no-deps --no-build-isolation" in project
    assert project.endswith(" .")
    assert len(tools) == (file == "Makefile")
