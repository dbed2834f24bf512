"""What is wrong with a stack that neither CloudFormation nor a linter sees in time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

import click

from pipelines.deploy import schedules

if TYPE_CHECKING:  # it needs an extra
    from pipelines.deploy.template import Stack

TASKS = "AWS::ECS::TaskDefinition"
SCHEDULES = "AWS::Scheduler::Schedule"
SERVICES = "AWS::ECS::Service"

USUAL_STOP = 30
"""Seconds that Fargate waits between SIGTERM and SIGKILL where nothing is said."""

LONGEST_STOP = 120
"""Seconds that Fargate waits at most between SIGTERM and SIGKILL."""

_MEMORY = {
    "256": range(512, 2_049),
    "512": range(1_024, 4_097),
    "1024": range(2_048, 8_193),
    "2048": range(4_096, 16_385),
    "4096": range(8_192, 30_721),
}
"""MiB that go with each number of CPU units on Fargate."""

_IMAGE = re.compile(
    r"(?P<name>[a-z0-9]+(?:[._-][a-z0-9]+)*(?::\d+)?(?:/[a-z0-9]+(?:(?:[._]|__|-+)"
    r"[a-z0-9]+)*)*)(?::(?P<tag>\w[\w.-]{0,127}))?(?P<digest>@sha256:[0-9a-f]{64})?"
)


@dataclass(frozen=True)
class Planned:
    """What a schedule or a service starts.

    Attributes:
        kind: `schedule` or `service`.
        name: Of that.
        when: A schedule's expression and its time zone; a service's is always.
        command: The words that follow `shardline`.
        task: The task definition's name in the template.
        container: Which container of it gets the command.
    """

    kind: str
    name: str
    when: str
    command: tuple[str, ...]
    task: str
    container: str


def containers(stack: Stack, task: str) -> dict[str, dict[str, Any]]:
    """The containers of a task definition by their names."""
    listed = stack.of_type(TASKS).get(task, {}).get("ContainerDefinitions", [])
    return {one["Name"]: one for one in listed}


def planned_resources(stack: Stack) -> list[Planned]:
    """What schedules and services start of `shardline`; one of another form nothing."""
    return [*_scheduled(stack), *_served(stack)]


def _scheduled(stack: Stack) -> Iterator[Planned]:
    for name, schedule in stack.of_type(SCHEDULES).items():
        target = schedule.get("Target", {})
        try:
            (override,) = json.loads(target["Input"])["containerOverrides"]
            command = tuple(map(str, override["command"]))
            task = target["EcsParameters"]["TaskDefinitionArn"]
        except (KeyError, ValueError, TypeError):
            continue
        when = f"{schedule['ScheduleExpression']} {_zone(schedule)}"
        yield Planned("schedule", name, when, command, task, override.get("name", ""))


def _served(stack: Stack) -> Iterator[Planned]:
    for name, service in stack.of_type(SERVICES).items():
        task = service["TaskDefinition"]
        for container, made in containers(stack, task).items():
            if made.get("EntryPoint") == ["shardline"]:
                command = tuple(map(str, made.get("Command", ())))
                yield Planned("service", name, "always", command, task, container)


def template_faults(stack: Stack, shardline: click.Command) -> Iterator[str]:
    """All that is wrong, a line each.

    Args:
        stack: What would be deployed.
        shardline: The command that containers run, which must take what they get.
    """
    yield from stack.faults
    for name, task in stack.of_type(TASKS).items():
        yield from _task_faults(name, task)
    yield from _schedule_faults(stack)
    for one in planned_resources(stack):
        yield from _command_faults(stack, one, shardline)
    yield from _address_faults(stack)


def environment(container: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a container, without its secrets."""
    return {one["Name"]: str(one["Value"]) for one in container.get("Environment", [])}


def secrets(container: Mapping[str, Any]) -> dict[str, str]:
    """Where each secret of a container is from, by its variable."""
    return {one["Name"]: str(one["ValueFrom"]) for one in container.get("Secrets", [])}


def ways_out(stack: Stack, task: str) -> list[range]:
    """The ports that the groups of a task let out, each rule's as a range.

    A group without a rule for that keeps nothing in.
    """
    starts = [
        (ecs["TaskDefinitionArn"], ecs["NetworkConfiguration"])
        for schedule in stack.of_type(SCHEDULES).values()
        for ecs in [schedule["Target"]["EcsParameters"]]
    ]
    starts += [
        (service["TaskDefinition"], service["NetworkConfiguration"])
        for service in stack.of_type(SERVICES).values()
    ]
    groups = {
        group
        for started, network in starts
        if started == task
        for group in network["AwsvpcConfiguration"]["SecurityGroups"]
    }
    rules = [
        rule
        for name, group in stack.of_type("AWS::EC2::SecurityGroup").items()
        if name in groups
        for rule in group.get("SecurityGroupEgress", [{"IpProtocol": "-1"}])
    ]
    rules += [
        rule
        for rule in stack.of_type("AWS::EC2::SecurityGroupEgress").values()
        if rule["GroupId"] in groups
    ]
    return [
        range(int(rule.get("FromPort", 0)), int(rule.get("ToPort", 65_535)) + 1)
        for rule in rules
    ]


def stop_timeout(container: Mapping[str, Any]) -> int:
    """Seconds between SIGTERM and SIGKILL for a container."""
    return int(container.get("StopTimeout", USUAL_STOP))


def _task_faults(name: str, task: Mapping[str, Any]) -> Iterator[str]:
    cpu, memory = str(task.get("Cpu")), str(task.get("Memory"))
    if cpu not in _MEMORY or not memory.isdecimal() or int(memory) not in _MEMORY[cpu]:
        fits = _MEMORY.get(cpu)
        range_ = f"{fits[0]} to {fits[-1]} MiB" if fits else "no memory at all"
        yield f"{name}: Fargate has no {memory} MiB with {cpu} CPU units, but {range_}"
    for container in task.get("ContainerDefinitions", []):
        where = f"{name}, container {container.get('Name')}"
        stop = stop_timeout(container)
        if stop > LONGEST_STOP:
            yield (
                f"{where}: StopTimeout {stop} is longer than Fargate waits,"
                f" {LONGEST_STOP} s"
            )
        if why := _image_fault(str(container.get("Image", ""))):
            yield f"{where}: image {container.get('Image')!r} {why}"
        for mapping in container.get("PortMappings", []):
            port = int(mapping["ContainerPort"])
            if not 1 <= port <= 65_535:  # noqa: PLR2004 - the ports there are
                yield f"{where}: there is no port {port}"


def _image_fault(image: str) -> str:
    found = _IMAGE.fullmatch(image)
    if not found:
        return "is no reference to an image, such as REGISTRY/NAME:1.2.3"
    if found["digest"]:
        return ""
    if found["tag"] in (None, "latest"):
        return "may be another one tomorrow: name a version or a digest"
    return ""


def _zone(schedule: Mapping[str, Any]) -> str:
    return str(schedule.get("ScheduleExpressionTimezone", "UTC"))


def _schedule_faults(stack: Stack) -> Iterator[str]:
    understood = {one.name for one in _scheduled(stack)}
    for name, schedule in stack.of_type(SCHEDULES).items():
        expression = str(schedule.get("ScheduleExpression", ""))
        if why := schedules.schedule_fault(expression):
            yield f"schedule {name}: {expression}: {why}"
        if _zone(schedule) not in available_timezones():
            yield (
                f"schedule {name}: there is no time zone {_zone(schedule)!r}, such as"
                f" {ZoneInfo('Europe/Moscow').key}"
            )
        if name not in understood:
            yield (
                f"schedule {name}: its Input is not JSON with one command in"
                " containerOverrides"
            )


def _command_faults(
    stack: Stack, one: Planned, shardline: click.Command
) -> Iterator[str]:
    container = containers(stack, one.task).get(one.container)
    if container is None:
        yield (
            f"{one.kind} {one.name}: {one.task} has no container {one.container!r},"
            " so its command would go nowhere"
        )
        return
    entry = container.get("EntryPoint", ["shardline"])
    if entry != ["shardline"]:
        yield f"{one.task}: its EntryPoint is {entry}, not shardline"
    if why := _usage_fault(one.command, shardline):
        text = " ".join(one.command)
        yield f"{one.kind} {one.name}: `shardline {text}` is refused: {why}"


def _usage_fault(words: tuple[str, ...], shardline: click.Command) -> str:
    """Why the command line would not take these words, or ""; nothing is run."""
    command, rest = shardline, list(words)
    try:
        while isinstance(command, click.Group) and not _is_whole(command, rest):
            with command.make_context("shardline", rest[:1]) as context:
                _, found, _ = command.resolve_command(context, rest[:1])
            if found is None:
                return f"there is no command {rest[:1]}"
            command, rest = found, rest[1:]
        command.make_context(command.name, rest).close()
    except click.exceptions.Exit:
        return "it shows something and ends"
    except click.ClickException as error:
        return error.format_message()
    return ""


def _is_whole(group: click.Group, rest: list[str]) -> bool:
    """Whether a group does something by itself, and is asked for that."""
    return group.invoke_without_command and not rest


def _address_faults(stack: Stack) -> Iterator[str]:
    """Whether runs look for luigid where Cloud Map has it."""
    zones = stack.of_type("AWS::ServiceDiscovery::PrivateDnsNamespace")
    names = {
        f"{service['Name']}.{zones[service['NamespaceId']]['Name']}"
        for service in stack.of_type("AWS::ServiceDiscovery::Service").values()
        if service.get("NamespaceId") in zones
    }
    for task in {one.task for one in planned_resources(stack)}:
        for container in containers(stack, task).values():
            url = environment(container).get("LUIGI_SCHEDULER_URL", "")
            if url and urlsplit(url).hostname not in names:
                listed = ", ".join(sorted(names)) or "nobody"
                yield f"{task}: {url} is not where luigid is; Cloud Map has {listed}"
