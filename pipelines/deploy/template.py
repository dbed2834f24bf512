"""A CloudFormation template as a stack would have it, with nothing asked of AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from pipelines.errors import ConfigurationError, one_line

Json = Any
"""What YAML holds: dict, list, str, int, float, bool or None."""

PSEUDO: Final = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "shardline",
    "AWS::URLSuffix": "amazonaws.com",
}
"""What stands for the names that AWS itself fills in."""

_NO_VALUE = object()
_SUBSTITUTED = re.compile(r"\$\{([^!}][^}]*)\}")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: ``!Ref X`` is ``{"Ref": "X"}``."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Json:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        if name == "Fn::GetAtt":
            return {name: str(text).split(".", 1)}
        return {name: text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise TypeError(type(node).__name__)


_Loader.add_multi_constructor("!", _short_form)


def load_template(path: Path) -> dict[str, Json]:
    """The template of a file, its short forms written out.

    Raises:
        ConfigurationError: It cannot be read, or is no template.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the template {path} cannot be read: {type(error).__name__}",
            step="go to a clone of Shardline, or name it with --template",
        ) from None
    try:
        template = yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigurationError(
            f"the template {path} is not YAML: {one_line(str(error))}",
            step="correct it",
        ) from None
    if not isinstance(template, dict) or "Resources" not in template:
        raise ConfigurationError(
            f"{path} is no CloudFormation template: it has no Resources",
            step="name another with --template",
        )
    return template


@dataclass(frozen=True)
class Stack:
    """A template whose parameters and conditions are filled in.

    A reference to a resource is the resource's name in the template, and one to an
    attribute of it ``Name.Attribute``.

    Attributes:
        resources: Type and properties of each resource that the stack has.
        outputs: What the stack tells.
        faults: References to what the template does not have.
    """

    resources: dict[str, tuple[str, dict[str, Json]]]
    outputs: dict[str, Json]
    faults: tuple[str, ...]

    def of_type(self, kind: str) -> dict[str, dict[str, Json]]:
        """The properties of all resources of a type, by their names."""
        return {
            name: properties
            for name, (type_, properties) in self.resources.items()
            if type_ == kind
        }


def stack(template: Mapping[str, Json], parameters: Mapping[str, str]) -> Stack:
    """What a template makes of parameters.

    Args:
        template: What `load_template` gives.
        parameters: A value for each parameter, see `parameter_values`.

    Raises:
        ConfigurationError: It has a function that is not known here.
    """
    filler = _Filler(template, parameters)
    resources = {
        name: (resource.get("Type", ""), filler.fill(resource.get("Properties", {})))
        for name, resource in template["Resources"].items()
        if filler.holds(resource.get("Condition"))
    }
    outputs = {
        name: filler.fill(output.get("Value"))
        for name, output in template.get("Outputs", {}).items()
        if filler.holds(output.get("Condition"))
    }
    return Stack(resources, outputs, tuple(dict.fromkeys(filler.faults)))


class _Filler:
    """Replaces CloudFormation's functions by what they give."""

    def __init__(
        self, template: Mapping[str, Json], parameters: Mapping[str, str]
    ) -> None:
        self._resources = template["Resources"]
        self._conditions = template.get("Conditions", {})
        self._parameters = parameters
        self.faults: list[str] = []

    def holds(self, condition: str | None) -> bool:
        """Whether a named condition is true; none always is."""
        if condition is None:
            return True
        if condition not in self._conditions:
            self.faults.append(f"there is no condition {condition!r}")
            return True
        return bool(self.fill(self._conditions[condition]))

    def fill(self, value: Json) -> Json:
        """A value without functions."""
        if isinstance(value, list):
            filled = [self.fill(one) for one in value]
            return [one for one in filled if one is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in {"Ref", "Condition"} or str(name).startswith("Fn::"):
                return self._call(name, argument)
        pairs = {key: self.fill(one) for key, one in value.items()}
        return {key: one for key, one in pairs.items() if one is not _NO_VALUE}

    def _call(self, name: str, argument: Json) -> Json:
        match name, argument:
            case "Ref", str():
                return self._named(argument)
            case "Condition", str():
                return self.holds(argument)
            case "Fn::GetAtt", [str() as resource, str() as attribute]:
                return self._named(f"{resource}.{attribute}")
            case "Fn::Sub", str():
                return self._substituted(argument, {})
            case "Fn::Sub", [str() as text, dict() as own]:
                return self._substituted(text, self.fill(own))
            case "Fn::If", [str() as condition, then, otherwise]:
                return self.fill(then if self.holds(condition) else otherwise)
            case "Fn::Equals", [one, other]:
                return self.fill(one) == self.fill(other)
            case "Fn::Not", [one]:
                return not self.fill(one)
            case _:
                raise ConfigurationError(
                    f"the template uses {name} in a form that is not known here",
                    step="write it with Ref, GetAtt, Sub, If, Equals or Not",
                )

    def _named(self, name: str) -> Json:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self._parameters:
            return self._parameters[name]
        if name.split(".", maxsplit=1)[0] not in self._resources:
            self.faults.append(f"{name!r} is neither a parameter nor a resource")
        return name

    def _substituted(self, text: str, own: Mapping[str, Json]) -> str:
        def named(match: re.Match[str]) -> str:
            return str(own.get(match[1], "") or self._named(match[1]))

        return _SUBSTITUTED.sub(named, text)
