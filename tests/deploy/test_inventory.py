"""What images are made of, told in two files; here of the tests' own environment."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import distribution, distributions
from pathlib import Path
from typing import Any

import pytest

from tests.kit.project import BIN, REPOSITORY


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("inventory") / "doc"
    script = REPOSITORY / "deploy" / "inventory.py"
    subprocess.run([BIN / "python", script, made], check=True)
    return made


@pytest.fixture(scope="module")
def bom(folder: Path) -> dict[str, Any]:
    text = (folder / "sbom.cdx.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def others() -> dict[str, str]:
    found = {one.name: one.version for one in distributions()}
    del found["shardline"]
    return found


def test_the_sbom_has_every_package_with_its_version(bom: dict[str, Any]) -> None:
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert bom["metadata"]["component"]["name"] == "shardline"
    told = {one["name"]: one["version"] for one in bom["components"]}
    assert told == others()
    assert len({one["bom-ref"] for one in bom["components"]}) == len(told)
    for one in bom["components"]:
        assert one["purl"].startswith("pkg:pypi/")


def test_the_sbom_has_what_a_wheel_carries(bom: dict[str, Any]) -> None:
    parts = {one["name"]: one.get("components", []) for one in bom["components"]}
    named = {(one["name"], one.get("version")) for one in parts["pymssql"]}
    assert ("openssl-libs", "1.1.1k-18.el8_6") in named
    files = [one for one in parts["psycopg-binary"] if one["type"] == "file"]
    (ssl,) = [one for one in files if "/libssl-" in one["name"]]
    (kept,) = ssl["hashes"]
    assert re.fullmatch("[0-9a-f]{64}", kept["content"])


def test_each_notice_has_its_package_and_the_text_of_its_licence(folder: Path) -> None:
    text = (folder / "THIRD-PARTY-NOTICES.txt").read_text(encoding="utf-8")
    for name, version in others().items():
        assert f"\n{name} {version}\nLicence: " in text
    pymssql = text.partition("\npymssql ")[2].partition("\n" + "=" * 88 + "\n\n")
    assert "openssl-libs 1.1.1k" in pymssql[0]
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in pymssql[2]


def test_the_openssl_that_the_document_names_is_the_one_in_the_wheel() -> None:
    document = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"\*\*OpenSSL (\S+) inside pymssql's wheel\*\*", document)
    (library,) = [
        file
        for file in distribution("pymssql").files or []
        if file.name.startswith("libcrypto-")
    ]
    octets = Path(str(library.locate())).read_bytes()
    assert re.search(rb"OpenSSL (\d\S+) ", octets)[1].decode() == named
