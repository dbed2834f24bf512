#!/usr/bin/env python3
"""Writes what a Python environment is made of: an SBOM, and the notices of its parts.

    python deploy/inventory.py FOLDER

makes `sbom.cdx.json`, in CycloneDX's format, and `THIRD-PARTY-NOTICES.txt` of the
environment that runs it. What a wheel carries in itself is told below it: the libraries
that it says it was made with (PEP 770), and the files of shared ones.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import urlsafe_b64decode
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

PROJECT = "shardline"
LICENCE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
LONGEST_NAME = 80
"""Characters of a licence's name; what is longer is the licence's text."""

RULE = "=" * 88


def main(folder: Path) -> None:
    """Write both files."""
    found = sorted(distributions(), key=lambda one: one.name.lower())
    others = [one for one in found if one.name != PROJECT]
    folder.mkdir(parents=True, exist_ok=True)
    bom = json.dumps(inventory(found), indent=1, ensure_ascii=False)
    (folder / "sbom.cdx.json").write_text(f"{bom}\n", encoding="utf-8")
    text = "\n".join(notice(one) for one in others)
    (folder / "THIRD-PARTY-NOTICES.txt").write_text(text, encoding="utf-8")


def inventory(found: list[Distribution]) -> dict[str, Any]:
    """The environment as CycloneDX has it; the same again for the same environment."""
    (project,) = [one for one in found if one.name == PROJECT]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**component(project), "type": "application"}},
        "components": [component(one) for one in found if one is not project],
    }


def component(one: Distribution) -> dict[str, Any]:
    """A distribution, and below it what it carries in itself."""
    name = re.sub(r"[-_.]+", "-", one.name).lower()
    purl = f"pkg:pypi/{name}@{one.version}"
    described = {
        "type": "library",
        "bom-ref": purl,
        "name": one.name,
        "version": one.version,
        "purl": purl,
    }
    if one.metadata.get("License-Expression"):
        described["licenses"] = [{"expression": licence(one)}]
    elif licence(one):
        described["licenses"] = [{"license": {"name": licence(one)}}]
    if inside := [*carried(one), *shared_libraries(one)]:
        described["components"] = inside
    return described


def licence(one: Distribution) -> str:
    """A distribution's licence by its name, or an empty text."""
    told = one.metadata.get("License-Expression") or one.metadata.get("License") or ""
    if 0 < len(told) <= LONGEST_NAME and told != "UNKNOWN":
        return told
    kinds = one.metadata.get_all("Classifier") or []
    names = [kind.rpartition(" :: ")[2] for kind in kinds if kind.startswith("License")]
    return ", ".join(names)


def carried(one: Distribution) -> list[dict[str, Any]]:
    """What a wheel says that it carries, each once."""
    inside = {}
    for file in one.files or []:
        if file.parent.name != "sboms" or file.suffix != ".json":
            continue
        for part in json.loads(file.read_text(encoding="utf-8")).get("components", []):
            kept = {
                key: part[key]
                for key in ("type", "name", "version", "purl")
                if part.get(key)
            }
            if not kept.get("purl", "").startswith(f"pkg:pypi/{one.name}@"):
                inside[kept.get("name"), kept.get("version")] = kept
    return [inside[key] for key in sorted(inside, key=str)]


def shared_libraries(one: Distribution) -> list[dict[str, Any]]:
    """The shared libraries that were put into a wheel, with their hashes."""
    return [
        {
            "type": "file",
            "name": str(file),
            "hashes": [{"alg": "SHA-256", "content": in_hexadecimal(file.hash.value)}],
        }
        for file in sorted(one.files or [])
        if file.parts[0].endswith(".libs") and ".so" in file.name and file.hash
    ]


def in_hexadecimal(digest: str) -> str:
    """A digest that a wheel's RECORD has in base 64 without its padding."""
    return urlsafe_b64decode(f"{digest}==").hex()


def notice(one: Distribution) -> str:
    """The terms of a distribution, in its own words."""
    lines = [
        RULE,
        f"{one.name} {one.version}",
        f"Licence: {licence(one) or 'see below'}",
    ]
    parts = [f"{part['name']} {part.get('version', '')}" for part in carried(one)]
    if parts:
        lines.append(f"It carries: {', '.join(parts)}")
    lines += [RULE, "", *texts(one)]
    return "\n".join(lines)


def texts(one: Distribution) -> list[str]:
    """The files of a distribution that tell its terms."""
    told = [
        file.read_text(encoding="utf-8")
        for file in sorted(one.files or [])
        if file.parts[0].endswith(".dist-info")
        and (LICENCE.match(file.name) or "licenses" in file.parts)
    ]
    return told or [one.metadata.get("License") or "It has no text of its own.", ""]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
