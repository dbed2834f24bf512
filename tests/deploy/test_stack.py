"""What a stack in moto is made of, read back through the APIs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import boto3
import click

from pipelines.commands import shardline
from tests.kit.stack_reading import (
    command,
    listed,
    may,
    schedules,
    statements,
    task_definition,
)
from tests.kit.stacks import REPOSITORY, lowered

DAY = 86_400


def test_each_schedule_starts_the_task_of_runs_with_a_command(
    stack: dict[str, str],
) -> None:
    found = schedules()
    assert {name.split("-")[1] for name in found} == {
        "Load",
        "LoadAgain",
        "Reports",
        "ReportsAgain",
    }
    for schedule in found.values():
        target = schedule["Target"]
        assert target["Arn"] == stack["Cluster"]
        assert target["EcsParameters"]["TaskDefinitionArn"] == stack["Task"]
        assert schedule["ScheduleExpressionTimezone"] == "Europe/Moscow"
        assert schedule["State"] == "ENABLED"
        assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
        network = target["EcsParameters"]["NetworkConfiguration"]
        assert network["awsvpcConfiguration"] == {
            "Subnets": stack["Subnets"].split(","),
            "SecurityGroups": [stack["SecurityGroup"]],
            "AssignPublicIp": "DISABLED",
        }


def test_a_call_that_cannot_start_a_run_is_repeated_and_then_kept(
    stack: dict[str, str],
) -> None:
    assert stack
    (queue,) = boto3.client("sqs").list_queues()["QueueUrls"]
    attributes = boto3.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["QueueArn", "MessageRetentionPeriod"]
    )["Attributes"]
    assert int(attributes["MessageRetentionPeriod"]) == 14 * DAY
    for schedule in schedules().values():
        target = schedule["Target"]
        assert target["DeadLetterConfig"] == {"Arn": attributes["QueueArn"]}
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert may(target["RoleArn"], "sqs:SendMessage", attributes["QueueArn"])


def test_the_container_of_a_run_gets_secrets_that_only_its_start_may_read(
    stack: dict[str, str],
) -> None:
    runs = task_definition(stack["Task"])
    (container,) = runs["containerDefinitions"]
    secrets = {one["name"]: one["valueFrom"] for one in container["secrets"]}
    assert set(secrets) == {
        "MAIL_PASSWORD",
        "SHARDLINE_ETL_PASSWORD",
        "SQLSERVER_PASSWORD",
        "TELEGRAM_TOKEN",
        "WAREHOUSE_PASSWORD",
    }
    execution = runs["executionRoleArn"]
    for value in secrets.values():
        arn = value.rsplit(":", 3)[0]
        secret = boto3.client("secretsmanager").describe_secret(SecretId=arn)
        assert secret["ARN"] == arn
        assert may(execution, "secretsmanager:GetSecretValue", arn)
    other = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:other-AbCdEf"
    assert not may(execution, "secretsmanager:GetSecretValue", other)
    assert "taskRoleArn" not in runs


def test_the_role_of_the_schedules_may_start_runs_and_nothing_else(
    stack: dict[str, str],
) -> None:
    runs = task_definition(stack["Task"])
    ecs = boto3.client("ecs")
    (service,) = ecs.describe_services(
        cluster=stack["Cluster"], services=[stack["LuigidService"]]
    )["services"]
    luigid = task_definition(service["taskDefinition"])
    (role,) = {one["Target"]["RoleArn"] for one in schedules().values()}
    assert may(role, "ecs:RunTask", stack["Task"])
    assert may(role, "iam:PassRole", runs["executionRoleArn"])
    assert not may(role, "ecs:RunTask", luigid["taskDefinitionArn"])
    assert not may(role, "iam:PassRole", luigid["taskRoleArn"])
    conditions = [one.get("Condition") for one in statements(role)]
    assert {"ArnEquals": {"ecs:cluster": stack["Cluster"]}} in conditions
    assert {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}} in (
        conditions
    )


def test_bot_and_worker_run_beside_luigid_with_the_rights_of_runs(
    stack: dict[str, str],
) -> None:
    runs = task_definition(stack["Task"])
    names = [stack[name] for name in ("BotService", "JobsService")]
    found = boto3.client("ecs").describe_services(
        cluster=stack["Cluster"], services=names
    )["services"]
    assert [one["desiredCount"] for one in found] == [1, 1]
    for service, words in zip(found, (["bot"], ["jobs", "work"]), strict=True):
        task = task_definition(service["taskDefinition"])
        (container,) = task["containerDefinitions"]
        assert container["command"][: len(words)] == words
        assert task["executionRoleArn"] == runs["executionRoleArn"]
        assert "taskRoleArn" not in task
        assert container["secrets"] == runs["containerDefinitions"][0]["secrets"]


def test_luigid_may_read_no_secret(stack: dict[str, str]) -> None:
    ecs = boto3.client("ecs")
    (service,) = ecs.describe_services(
        cluster=stack["Cluster"], services=[stack["LuigidService"]]
    )["services"]
    luigid = task_definition(service["taskDefinition"])
    (container,) = luigid["containerDefinitions"]
    assert not container.get("secrets")
    for role in (luigid["taskRoleArn"], luigid["executionRoleArn"]):
        for one in statements(role):
            for action in listed(one["Action"]):
                assert not action.startswith("secretsmanager:")


def test_a_role_has_no_star_but_where_aws_knows_nothing_narrower(
    stack: dict[str, str],
) -> None:
    assert stack
    iam = boto3.client("iam")
    free = re.compile(
        "ecr:GetAuthorizationToken|ssmmessages:.*|cloudwatch:PutMetricData"
    )
    roles = iam.list_roles()["Roles"]
    assert len(roles) == 6
    for role in roles:
        for one in statements(role["Arn"]):
            for action in listed(one["Action"]):
                assert "*" not in action
                assert free.fullmatch(action) or "*" not in listed(one["Resource"])


def test_a_run_starts_as_the_schedule_starts_it(stack: dict[str, str]) -> None:
    ecs = boto3.client("ecs")
    for schedule in schedules().values():
        target = schedule["Target"]
        parameters = target["EcsParameters"]
        network = parameters["NetworkConfiguration"]["awsvpcConfiguration"]
        (task,) = ecs.run_task(
            cluster=target["Arn"],
            taskDefinition=parameters["TaskDefinitionArn"],
            group=parameters["Group"],
            capacityProviderStrategy=parameters["CapacityProviderStrategy"],
            networkConfiguration={"awsvpcConfiguration": lowered(network)},
            overrides=json.loads(target["Input"]),
        )["tasks"]
        assert task["taskDefinitionArn"] == stack["Task"]
        names = [one["name"] for one in task["containers"]]
        (override,) = task["overrides"]["containerOverrides"]
        assert override["name"] in names


def documented() -> list[str]:
    """The commands that the guide says the schedules start."""
    text = Path(REPOSITORY / "docs/deploy.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `(\w+)` .*\| `shardline (.+?)` \|$", text, re.MULTILINE)


def test_the_schedules_start_what_the_guide_shows_and_shardline_takes(
    stack: dict[str, str],
) -> None:
    assert stack
    found = {
        (name.split("-")[1], " ".join(command(schedule)))
        for name, schedule in schedules().items()
    }
    assert set(documented()) == found
    assert isinstance(shardline, click.Group)
    for _, words in found:
        name, *rest = words.split()
        started = shardline.get_command(click.Context(shardline), name)
        assert started is not None
        started.make_context(name, rest).close()


def test_the_etl_database_is_the_stacks_own_and_closed_to_the_world(
    stack: dict[str, str],
) -> None:
    (database,) = boto3.client("rds").describe_db_instances()["DBInstances"]
    assert database["StorageEncrypted"]
    assert not database["PubliclyAccessible"]
    assert database["DeletionProtection"]
    (container,) = task_definition(stack["Task"])["containerDefinitions"]
    plain = {one["name"]: one["value"] for one in container["environment"]}
    secrets = {one["name"]: one["valueFrom"] for one in container["secrets"]}
    assert plain["SHARDLINE_ETL_HOST"] == database["Endpoint"]["Address"]
    assert secrets["SHARDLINE_ETL_PASSWORD"].endswith(":password::")


def test_runs_are_not_the_master_of_the_etl_database(stack: dict[str, str]) -> None:
    (database,) = boto3.client("rds").describe_db_instances()["DBInstances"]
    master = database["MasterUserSecret"]["SecretArn"]
    config = (REPOSITORY / "deploy/luigi.cfg").read_text(encoding="utf-8")
    (user,) = re.findall(r"^database = \S+//(\w+):", config, re.MULTILINE)
    assert database["MasterUsername"] != user
    runs, maker = (task_definition(stack[name]) for name in ("Task", "DatabaseTask"))
    assert not may(runs["executionRoleArn"], "secretsmanager:GetSecretValue", master)
    assert may(maker["executionRoleArn"], "secretsmanager:GetSecretValue", master)
    (container,) = maker["containerDefinitions"]
    assert container["command"] == ["deploy", "database"]
    secrets = {one["name"]: one["valueFrom"] for one in container["secrets"]}
    (of_runs,) = task_definition(stack["Task"])["containerDefinitions"]
    password = {one["name"]: one["valueFrom"] for one in of_runs["secrets"]}
    assert secrets == {
        "SHARDLINE_ETL_PASSWORD": password["SHARDLINE_ETL_PASSWORD"],
        "SHARDLINE_ETL_MASTER": f"{master}:username::",
        "SHARDLINE_ETL_MASTER_PASSWORD": f"{master}:password::",
    }
