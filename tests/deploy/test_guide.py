"""The guide's commands of the AWS CLI exist, with the options that it gives them."""

from __future__ import annotations

import re
import shlex

import boto3
import pytest
from botocore import xform_name

from pipelines.deploy import load_template
from tests.kit.stacks import REPOSITORY, TEMPLATE

GUIDE = (REPOSITORY / "docs/deploy.md").read_text(encoding="utf-8")
OWN = {  # commands of the CLI that are no calls of a service, and their options
    "cloudformation deploy": {
        "stack-name",
        "template-file",
        "parameter-overrides",
        "capabilities",
    },
    "ecr get-login-password": set(),
}
EVERYWHERE = {"query", "output"}


def commands() -> list[str]:
    """Each `aws …`, of the blocks and within the text."""
    text = GUIDE.replace("\\\n", " ")
    blocks = "\n".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL))
    one = r"^(?:\w+=\$\()?(aws .*?)(?: \| docker .*|\))?$"
    found = re.findall(one, blocks, re.MULTILINE)
    inline = re.findall(r"`(aws [^`]+)`", text)
    return sorted({" ".join(line.split()) for line in [*found, *inline]})


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_guide_exists_with_its_options(line: str) -> None:
    _, service, operation, *rest = shlex.split(line)
    options = {word[2:] for word in rest if word.startswith("--")} - EVERYWHERE
    if f"{service} {operation}" in OWN:
        assert options <= OWN[f"{service} {operation}"]
        return
    model = boto3.client(service, region_name="us-east-1").meta.service_model
    calls = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(calls[operation]).input_shape
    known = {xform_name(name, "-") for name in shape.members}
    assert {word.removeprefix("no-") for word in options} <= known


def test_what_the_guide_names_of_the_template_is_there() -> None:
    template = load_template(TEMPLATE)
    known = {
        *template["Parameters"],
        *template["Outputs"],
        *template["Resources"],
        "Secrets",
        "ReadonlyRootFilesystem",
    }
    named = re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-zA-Z]*)*)(?:=\w+)?`", GUIDE)
    assert {"AlarmEmail", "Capacity", "LateStarts", "SecurityGroup"} <= set(named)
    assert set(named) <= known


def test_the_sum_of_the_costs_is_right() -> None:
    table = GUIDE.partition("## What it costs")[2].partition("## ")[0]
    rows = re.findall(
        r"^\| (.+?) \|.*\| (?:\*\*)?([\d.]+)(?:\*\*)? \|$", table, re.MULTILINE
    )
    *parts, (name, total) = rows
    assert name == "**all**"
    assert len(parts) == 9
    assert sum(float(cost) for _, cost in parts) == pytest.approx(float(total))
