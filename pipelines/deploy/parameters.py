"""Parameters of a template, from a file in the form that the AWS CLI takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.config import suggest
from pipelines.errors import ConfigurationError

_IDS = {
    "AWS::EC2::VPC::Id": "vpc-[0-9a-f]+",
    "AWS::EC2::Subnet::Id": "subnet-[0-9a-f]+",
}


def read_parameters(path: Path) -> dict[str, str]:
    """The parameters of a file.

    Raises:
        ConfigurationError: It cannot be read, or has another form.
    """
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        return {one["ParameterKey"]: str(one["ParameterValue"]) for one in listed}
    except OSError as error:
        raise ConfigurationError(
            f"the parameters {path} cannot be read: {error.strerror}",
            step="name their file with --parameters",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f"the parameters {path} are not a JSON list of objects with ParameterKey"
            " and ParameterValue",
            step="deploy/parameters.json shows the form",
        ) from None


def parameter_values(
    template: Mapping[str, Any], given: Mapping[str, str]
) -> dict[str, str]:
    """A value for each parameter of a template: the one given, or its default."""
    return {
        name: given.get(name, str(entry.get("Default", name)))
        for name, entry in template.get("Parameters", {}).items()
    }


def parameter_faults(
    template: Mapping[str, Any], given: Mapping[str, str]
) -> Iterator[str]:
    """What CloudFormation would refuse, a line each."""
    known = template.get("Parameters", {})
    for name in given:
        if name not in known:
            yield (
                f"parameter {name}: the template has none of that name;"
                f" {suggest(name, list(known))}"
            )
    for name, entry in known.items():
        if name not in given and "Default" not in entry:
            yield f"parameter {name} is not given: {entry.get('Description', '')}"
        elif name in given and (why := _refusal(entry, given[name])):
            yield f"parameter {name}: {given[name]!r} {why}"


def _refusal(entry: Mapping[str, Any], value: str) -> str:
    allowed = [str(one) for one in entry.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"is none of {', '.join(allowed)}"
    pattern = entry.get("AllowedPattern") or _IDS.get(entry["Type"])
    if pattern and not re.fullmatch(pattern, value):
        return f"has another form: {entry.get('Description', pattern)}"
    if entry["Type"] == "Number" and not _within(entry, value):
        return f"is no number from {entry.get('MinValue')} to {entry.get('MaxValue')}"
    return ""


def _within(entry: Mapping[str, Any], value: str) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    least, most = entry.get("MinValue", number), entry.get("MaxValue", number)
    return bool(least <= number <= most)
