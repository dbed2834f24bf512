"""Reads back what a stack in moto is made of."""

from __future__ import annotations

import json
from ast import literal_eval
from fnmatch import fnmatchcase
from typing import Any

import boto3


def schedules() -> dict[str, dict[str, Any]]:
    scheduler = boto3.client("scheduler")
    listed = scheduler.list_schedules()["Schedules"]
    return {one["Name"]: scheduler.get_schedule(Name=one["Name"]) for one in listed}


def command(schedule: dict[str, Any]) -> list[str]:
    (override,) = json.loads(schedule["Target"]["Input"])["containerOverrides"]
    words: list[str] = override["command"]
    return words


def task_definition(arn: str) -> dict[str, Any]:
    ecs = boto3.client("ecs")
    found: dict[str, Any] = ecs.describe_task_definition(taskDefinition=arn)
    return found["taskDefinition"]


def statements(role_arn: str) -> list[dict[str, Any]]:
    """The inline policies of a role; it has no others."""
    iam, role = boto3.client("iam"), role_arn.rpartition("/")[2]
    assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in names
    ]
    # moto gives those of a stack as the text of a Python object.
    parsed = [literal_eval(one) if isinstance(one, str) else one for one in documents]
    return [one for document in parsed for one in document["Statement"]]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def may(role_arn: str, action: str, resource: str) -> bool:
    return any(
        action in listed(one["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in listed(one["Resource"]))
        for one in statements(role_arn)
    )
