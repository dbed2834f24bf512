"""Whether a container's luigi.cfg gets what it asks for, and is right then."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from configparser import Error, RawConfigParser
from pathlib import Path

from pydantic import ValidationError

from pipelines.config import RunOptions
from pipelines.deploy import template_checks
from pipelines.deploy.template import Stack
from pipelines.errors import ConfigurationError

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_KEY = re.compile(r"(?P<secret>.+):(?P<key>[^:]+)::")
_PLACEHOLDER = "0:placeholder"
"""What stands for a secret that is not known: a password, and also a bot's token."""

EXAMPLE = "CHANGE-ME"
"""What stands in each value of deploy/secrets.example.json."""

_KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "TZDIR")
"""What Python itself may need of this machine's environment."""

BESIDE_THE_CODE = Path("luigi.cfg")
"""What the image has below the given one, as Luigi reads both."""

TELEGRAM = "telegram"
"""A kind of connection whose addresses are chats."""

PATIENCE = 60.0
"""Seconds that the configuration may take to be read."""


def read_secrets(path: Path) -> dict[str, str]:
    """The keys and values of a file that becomes a secret.

    Raises:
        ConfigurationError: It cannot be read, or is no JSON object of texts.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"the secrets {path} cannot be read: {error.strerror}",
            step="name their file with --secrets",
        ) from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(
        isinstance(value, str) for value in found.values()
    ):
        raise ConfigurationError(
            f"the secrets {path} are not one JSON object of texts",
            step="deploy/secrets.example.json shows the form",
        )
    return found


def wanted(config: Path) -> dict[str, str]:
    """The ``${VARIABLES}`` of a luigi.cfg, and the option that has each.

    Raises:
        ConfigurationError: It cannot be read.
    """
    parser = RawConfigParser()
    try:
        with config.open(encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, Error, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the configuration {config} cannot be read: {type(error).__name__}",
            step="name it with --config",
        ) from None
    return {
        variable: f"[{section}] {option}"
        for section in parser.sections()
        for option, value in parser.items(section)
        for variable in _VARIABLE.findall(value)
    }


def configuration_faults(
    stack: Stack, config: Path, given: Mapping[str, str] | None, shared: str
) -> Iterator[str]:
    """What is wrong with the configuration of the containers that run `shardline`.

    Args:
        stack: What would be deployed.
        config: The luigi.cfg that the image has over the one beside the code.
        given: The keys of the secret `shared`, with their values; None if they are
            not known.
        shared: The secret whose keys an operator writes.
    """
    tasks = {
        (one.task, one.container) for one in template_checks.planned_resources(stack)
    }
    for task, name in sorted(tasks):
        container = template_checks.containers(stack, task).get(name, {})
        plain, secret = (
            template_checks.environment(container),
            template_checks.secrets(container),
        )
        missing = {
            variable: where
            for variable, where in wanted(config).items()
            if variable not in plain and variable not in secret
        }
        for variable, where in missing.items():
            yield (
                f"{config} {where} asks for ${{{variable}}}, which {task} has neither"
                " in Environment nor in Secrets: add it to the template"
            )
        yield from _key_faults(secret, given, shared)
        yield from _example_faults(given or {})
        filled = {**plain, **_filled(secret, given, shared)}
        if not missing:
            ways = template_checks.ways_out(stack, task)
            yield from _value_faults(config, filled, ways)
        stop = template_checks.stop_timeout(container)
        grace = _grace(config, filled)
        if stop <= grace:
            yield (
                f"{task}, container {name}: StopTimeout {stop} is not longer than the"
                f" {grace:g} s that a run takes at most to end: change it, or [run]"
                " grace in luigi.cfg"
            )


def _key_faults(
    secret: Mapping[str, str], given: Mapping[str, str] | None, shared: str
) -> Iterator[str]:
    for variable, origin in secret.items():
        found = _KEY.fullmatch(origin)
        if not found:
            yield f"secret {variable}: {origin} names no key, such as ARN:KEY::"
            continue
        known = found["secret"] != shared or given is None or found["key"] in given
        if not known:
            yield (
                f"secret {variable}: the secrets have no key {found['key']!r}, and a"
                " container without it does not start: add it, or take the line out of"
                " the template"
            )


def _example_faults(given: Mapping[str, str]) -> Iterator[str]:
    for key, value in given.items():
        if EXAMPLE in value:
            yield (
                f"secret {key}: it still has the value of the example, which everybody"
                " knows: write your own"
            )


def _filled(
    secret: Mapping[str, str], given: Mapping[str, str] | None, shared: str
) -> dict[str, str]:
    """A value for each secret: the one that is given, or a placeholder."""
    values = {}
    for variable, origin in secret.items():
        arn, _, key = origin.removesuffix("::").rpartition(":")
        known = given if given and arn == shared else {}
        values[variable] = known.get(key, _PLACEHOLDER)
    return values


def _grace(config: Path, filled: Mapping[str, str]) -> float:
    """`[run] grace` as the containers' runs have it; the default if it is wrong.

    What is wrong with it is told with all else that `_value_faults` finds.
    """
    parser = RawConfigParser()
    parser.read([BESIDE_THE_CODE, config], encoding="utf-8")
    raw = parser.get("run", "grace", fallback=None)
    if raw is None:
        return RunOptions().grace
    value = _VARIABLE.sub(lambda one: filled.get(one[1], ""), raw)
    try:
        return RunOptions.model_validate({"grace": value}).grace
    except ValidationError:
        return RunOptions().grace


def _value_faults(
    config: Path, filled: Mapping[str, str], ways: Sequence[range]
) -> Iterator[str]:
    """What `shardline` itself says of the configuration, in a process of its own."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    result = subprocess.run(
        [sys.executable, "-P", "-m", "pipelines", "connections", "--json"],
        env={**kept, **filled, "LUIGI_CONFIG_PATH": str(config)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    try:
        listed = json.loads(result.stdout)
    except ValueError:
        lines = result.stderr.strip().splitlines() or ["it says nothing"]
        yield f"{config}: {lines[-1]}"
        return
    for one in listed:
        if one.get("fault"):
            yield f"{config}: {one['fault']}"
        for address in one.get("addresses", []):
            port = address["at"].rpartition(":")[2]
            closed = port.isdecimal() and not any(int(port) in way for way in ways)
            if closed and one["kind"] != TELEGRAM:
                yield (
                    f"{config}: connection {one['name']} is at {address['at']}, and no"
                    " rule lets runs out to that port: set SqlServerPort, WarehousePort"
                    " or MailPort, or add a rule to PipelinesGroup"
                )
