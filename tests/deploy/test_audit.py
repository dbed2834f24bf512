"""What `make audit` lets pass: each finding has its reason beside it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from tests.kit.project import BIN, REPOSITORY

CONFIG = REPOSITORY / "deploy" / "checkov.yaml"
SUPPRESSED = re.compile(r"#\s*(?:ruff: )?noqa:\s*[A-Z0-9, ]*\bS\d{3}\b(?P<rest>.*)$")


def test_each_accepted_finding_of_checkov_has_its_reason() -> None:
    text = CONFIG.read_text(encoding="utf-8")
    listed = text.partition("skip-check:\n")[2].splitlines()
    before = ""
    for line in listed:
        if not line.startswith("  # "):
            finding = re.fullmatch(r"  - CKV\w+( # .+)?", line)
            assert finding, line
            assert finding[1] or before.startswith("  # "), line
        before = line
    accepted = yaml.safe_load(text)["skip-check"]
    assert accepted
    assert len(accepted) == len(set(accepted))


def test_it_looks_at_the_template_and_the_dockerfile() -> None:
    looked_at = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["file"]
    assert looked_at == ["deploy/shardline.yaml", "Dockerfile"]
    told = subprocess.run(
        ["make", "--dry-run", "audit"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "checkov --config-file deploy/checkov.yaml" in told
    assert "cfn-lint deploy/shardline.yaml" in told
    assert "ruff check --select S " in told


def sources() -> Iterator[tuple[str, str]]:
    for room in ("pipelines", "sandbox", "lowlevel", "benchmarks", "deploy"):
        for path in sorted((REPOSITORY / room).rglob("*.py")):
            for line in path.read_text(encoding="utf-8").splitlines():
                yield str(path.relative_to(REPOSITORY)), line


def test_each_rule_of_security_that_a_line_breaks_has_its_reason() -> None:
    found = [
        (path, line, match["rest"])
        for path, line in sources()
        if (match := SUPPRESSED.search(line))
    ]
    assert len(found) > 10
    for path, line, rest in found:
        assert re.match(r" - \w", rest), f"{path}: {line}"


@pytest.mark.parametrize("path", ["pipelines/errors.py", "deploy/inventory.py"])
def test_the_rules_of_security_are_on(path: str) -> None:
    told = subprocess.run(
        [BIN / "ruff", "check", "--show-settings", path],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for rule in ("S608", "S603", "S301", "S105"):
        assert f"({rule})" in told
